package stalwartproc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// errPrivilege says what is missing, and what else can be done.
var errPrivilege = errors.New("no right to use a private network namespace, which takes root" +
	" (CAP_SYS_ADMIN); the option AllowWildcard does without")

// privileged explains the errors of those who may not use namespaces.
func privileged(err error) error {
	if errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("%w: %w", errPrivilege, err)
	}
	return err
}

// dialInto brings up the network namespace of a process and returns a function
// that connects to addresses there.
func dialInto(pid int) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	if _, err := within(pid, func() (net.Conn, error) { return nil, loopbackUp() }); err != nil {
		return nil, privileged(err)
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return within(pid, func() (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, address)
		})
	}, nil
}

// within calls connect in the network namespace of a process.
func within(pid int, connect func() (net.Conn, error)) (net.Conn, error) {
	var conn net.Conn
	done := make(chan error)
	go func() {
		// A namespace belongs to a thread, and a connection to the namespace
		// in which it was made. The thread is never unlocked: the runtime
		// throws it away with the goroutine instead of using it for something
		// that expects the usual network.
		runtime.LockOSThread()
		err := enter(pid)
		if err == nil {
			conn, err = connect()
		}
		done <- err
	}()
	err := <-done
	return conn, err
}

// enter moves the calling thread into the process's network namespace.
func enter(pid int) error {
	ns, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/net")
	if err != nil {
		return fmt.Errorf("open the network namespace: %w", err)
	}
	defer func() { _ = ns.Close() }()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket for the loopback interface: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("name the loopback interface: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	return nil
}
