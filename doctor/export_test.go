package doctor

// What the tests of this package look at directly.
var (
	JudgeDMARC       = judgeDMARC
	JudgeThrottles   = judgeThrottles
	JudgeCertificate = judgeCertificate
	JudgeMirror      = judgeMirror
	JudgeConsumer    = judgeConsumer
	JudgeSPF         = judgeSPF
)
