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
)

// ChangedMirror is the reason of the Event of every write.
const ChangedMirror = "CredentialsMirrored"
