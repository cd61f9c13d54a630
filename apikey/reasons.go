package apikey

// The reasons of this room.
const (
	ReasonAdminNotAccepted = "AdminNotAccepted"
	ReasonAwaitingDomain   = "AwaitingDomain"
	ReasonAPIKeyUnusable   = "APIKeyUnusable"
	ReasonAPIKeyInvalid    = "APIKeyInvalid"
	ReasonWouldMint        = "WouldMint"
	ChangedAPIKey          = "APIKeyMinted"
	ChangedAPIKeyEnded     = "APIKeyEnded"
	ChangedAdminRestart    = "AdminRestartRequested"
)
