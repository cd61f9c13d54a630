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
	ReasonNoStages          = "DKIMKeysNotManaged"
	ReasonDKIMStateInvalid  = "DKIMStateInvalid"
	ReasonNotPublished      = "DNSNotAsWanted"
	ReasonWouldWrite        = "WouldWrite"
)

// ChangedRecords is the reason of the Event of every write; ChangedPublished says
// that what was published before is wrong now.
const (
	ChangedRecords   = "RecordsUpdated"
	ChangedPublished = "PublishedDNSWrong"

	ChangedKeyMade  = "DKIMKeyMade"
	ChangedKeyMoved = "DKIMKeyMoved"
	ChangedKeyEnded = "DKIMKeyEnded"

	ChangedVerdict = "DNSVerdictChanged"
)
