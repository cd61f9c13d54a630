package nodetest

import (
	"crypto/rand"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ending says when a container has ended for good.
type ending int

const (
	never        ending = iota // it is always started again
	once                       // restartPolicy Never
	untilSuccess               // an init container
)

// ended marks the end, and reports whether it is for good.
func (c *container) ended(asked chan<- error, err error) bool {
	final := asked == nil && (c.ends == once || c.ends == untilSuccess && err == nil)
	c.change(func(s *corev1.ContainerStatus) { end(s, err, final) })
	return final
}

// failed tells whether a container has ended for good, and badly.
func failed(s corev1.ContainerStatus) bool {
	return s.State.Terminated != nil && s.State.Terminated.ExitCode != 0
}

// failure is how a process ended.
func failure(process Process) error {
	if p, ok := process.(Exiter); ok {
		return p.Err()
	}
	return nil
}

// begin and end are the marks of a restart: the ID is a new one each time, and
// the count goes up when a container ends that is going to be started again.
func begin(s *corev1.ContainerStatus) {
	if s.ContainerID != "" {
		s.RestartCount++
	}
	s.ContainerID = "stand-in://" + rand.Text()
	s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
}

func end(s *corev1.ContainerStatus, err error, final bool) {
	s.Ready, s.Started = false, new(bool)
	ended := &corev1.ContainerStateTerminated{
		Reason: "Completed", ContainerID: s.ContainerID, FinishedAt: metav1.Now(),
	}
	if err != nil {
		ended.Reason, ended.ExitCode, ended.Message = "Error", 1, err.Error()
	}
	if s.State.Running != nil {
		ended.StartedAt = s.State.Running.StartedAt
	}
	if final {
		s.State = corev1.ContainerState{Terminated: ended}
		return
	}
	s.LastTerminationState = corev1.ContainerState{Terminated: ended}
	s.State = waiting("Restarting", "")
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}
