package dkimwatch

// The reasons of this room.
const (
	ReasonConfigMapMissing  = "RecordsConfigMapMissing"
	ReasonRecordsInvalid    = "RecordsInvalid"
	ReasonRecordsImmutable  = "RecordsImmutable"
	ReasonDomainMissing     = "DomainMissing"
	ReasonKeysPending       = "KeysPending"
	ReasonMountedKeyDiffers = "MountedKeyDiffers"
	ReasonMountedKeyInvalid = "MountedKeyInvalid"
	ReasonWouldWrite        = "WouldWrite"
)

// ChangedRecords is the reason of the Event of every write.
const ChangedRecords = "RecordsUpdated"
