package mirror

// The reasons of this room.
const (
	ReasonAwaitingProof        = "AwaitingProof"
	ReasonTargetTerminating    = "TargetTerminating"
	ReasonTargetType           = "TargetTypeDiffers"
	ReasonTargetImmutable      = "TargetImmutable"
	ReasonNamespaceMissing     = "NamespaceMissing"
	ReasonNamespaceTerminating = "NamespaceTerminating"
	ReasonContended            = "TargetContended"
	ReasonReadBackDiffers      = "ReadBackDiffers"
	ReasonWouldWrite           = "WouldWrite"
	ReasonOnFallback           = "OnFallback"
	ReasonFallbackMissing      = "FallbackMissing"
	ReasonFallbackNotKept      = "FallbackNotKept"
)

// The reasons of Events that report a write.
const (
	ChangedMirror       = "CredentialsMirrored"
	ChangedFallbackKept = "FallbackKept"
	ChangedFellBack     = "FellBack"
	ChangedReturned     = "ReturnedToOwnRelay"
)
