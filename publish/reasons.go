package publish

// The reasons of this room.
const (
	ReasonForeignRecord = "ForeignRecord"
	ReasonWouldPublish  = "WouldPublish"
	ReasonRecordInvalid = "RecordInvalid"
	ReasonAddressKept   = "AddressKept"
	ReasonKeyKept       = "DKIMRecordKept"

	ReasonDNSEndpointNotServed = "DNSEndpointNotServed"
	ReasonForeignDNSEndpoint   = "ForeignDNSEndpoint"
	ReasonTypeNotPublished     = "TypeNotPublished"
	ReasonKeyMakesWay          = "KeyMakesWay"

	ReasonTSIGKeyMissing  = "TSIGKeyMissing"
	ReasonTSIGKeyInvalid  = "TSIGKeyInvalid"
	ReasonTSIGRejected    = "TSIGRejected"
	ReasonUpdateRefused   = "UpdateRefused"
	ReasonZoneNotServed   = "ZoneNotServed"
	ReasonDNSServerSilent = "DNSServerSilent"
	ReasonDNSUpdateRaced  = "DNSUpdateRaced"
	ReasonUpdateNotSeen   = "UpdateNotSeen"

	ReasonHetznerTokenMissing  = "HetznerTokenMissing"
	ReasonHetznerTokenRejected = "HetznerTokenRejected"
	ReasonHetznerForbids       = "HetznerForbids"
	ReasonHetznerBusy          = "HetznerBusy"
	ReasonHetznerUnavailable   = "HetznerUnavailable"
	ReasonAddressNotFound      = "AddressNotFound"
	ReasonNotForwardConfirmed  = "NotForwardConfirmed"
	ReasonForeignPTR           = "ForeignPTR"
)

// The reasons of the Events of what was written.
const (
	ChangedDNSEndpoint = "DNSEndpointWritten"
	ChangedDNS         = "DNSUpdated"
	ChangedPTR         = "PTRSet"
)
