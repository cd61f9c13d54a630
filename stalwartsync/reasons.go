package stalwartsync

// The reasons of this room, beside those of the rooms stalwart and smtpprobe
// that pass through.
const (
	ReasonAdminSecretMissing   = "AdminSecretMissing"
	ReasonAdminSecretInvalid   = "AdminSecretInvalid"
	ReasonDefaultDomainDiffers = "DefaultDomainDiffers"
	ReasonListenerMissing      = "ListenerMissing"
	ReasonListenerNeedsRestart = "ListenerNeedsRestart"
	ReasonListenerStillMissing = "ListenerStillMissing"
	ReasonPermissionDenied     = "PermissionDenied"
	ReasonPodsNotTold          = "PodsNotTold"
	ReasonHostnameMissing      = "HostnameMissing"
	ReasonLoginsExhausted      = "LoginsExhausted"
	ReasonAwaitingKeys         = "AwaitingDKIMKeys"
	ReasonWouldWrite           = "WouldWrite"
	ReasonStateInvalid         = "StateInvalid"
	ReasonSourceIsYours        = "SourceIsYours"
	ReasonSourceImmutable      = "SourceImmutable"
	ReasonAppPasswordQuota     = "AppPasswordQuota"
)

// The changes of this room: reasons of Events.
const (
	ChangedDomain      = "DomainCreated"
	ChangedDefaults    = "DefaultsSet"
	ChangedListener    = "ListenerAdded"
	ChangedAccount     = "AccountCreated"
	ChangedAddress     = "SendAsGranted"
	ChangedPermissions = "PermissionsGranted"
	ChangedPassword    = "PasswordSet"
	ChangedAllowedIP   = "AddressExempted"
	ChangedWebhook     = "WebhookAdded"
	ChangedWebhookKey  = "WebhookKeyChanged"
	ChangedCaches      = "CachesDropped"
	ChangedRestart     = "RestartRequested"
	ChangedProof       = "LoginProven"
	ChangedSource      = "SourceRotated"
	ChangedAccountLost = "AccountLost"

	ChangedCredentialAdded = "CredentialAdded"
	ChangedCredentialEnded = "CredentialEnded"
)
