package stalwart

// The reasons of this room: metric label, Event reason and heading of the
// runbook at once.
const (
	ReasonUnreachable     = "StalwartUnreachable"
	ReasonUnexpected      = "StalwartAnswersStrangely"
	ReasonBusy            = "StalwartBusy"
	ReasonBootstrapMode   = "StalwartInBootstrapMode"
	ReasonRecoveryMode    = "StalwartInRecoveryMode"
	ReasonAdminRejected   = "AdminCredentialRejected"
	ReasonBanned          = "BannedByStalwart"
	ReasonStalwartForbids = "StalwartForbids"
	ReasonRefused         = "StalwartRefuses"
	ReasonPasswordRefused = "PasswordRefused"
	ReasonForeignSigner   = "ForeignSigner"
	ReasonAddressOwned    = "AddressOwnedByOther"
	ReasonReloadFailed    = "ReloadFailed"
	ReasonWriteLost       = "WriteLost"
)
