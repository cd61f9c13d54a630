//go:build linux

package machine

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Gateway is the node's own address, as Pods see it.
const Gateway = "10.244.0.1"

// The addresses. The first is the node's, and the cluster's DNS; services is where the API
// server is reached in Pods.
var (
	node     = net.ParseIP(Gateway)   //nolint:gochecknoglobals // constants
	services = net.IPv4(10, 96, 0, 1) //nolint:gochecknoglobals // constants
	whole    = net.CIDRMask(16, 32)   //nolint:gochecknoglobals // constants
	single   = net.CIDRMask(32, 32)   //nolint:gochecknoglobals // constants
)

// network is a bridge that leads nowhere.
type network struct {
	bridge netlink.Link

	mu   sync.Mutex
	last int // of the addresses that were given away
}

func newNetwork() (*network, error) {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = "pods"
	// Else it has the lowest of its ports', which changes with every Pod, and what is known of
	// the gateway is wrong for half a minute.
	attributes.HardwareAddr = net.HardwareAddr{2, 0, 10, 244, 0, 1}
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("adding a bridge: %w", err)
	}
	for _, a := range []*net.IPNet{{IP: node, Mask: whole}, {IP: services, Mask: single}} {
		if err := netlink.AddrAdd(bridge, &netlink.Addr{IPNet: a}); err != nil {
			return nil, fmt.Errorf("giving the bridge %s: %w", a, err)
		}
	}
	return &network{bridge: bridge}, up("pods")
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("bringing %s up: %w", name, err)
	}
	return nil
}

// place is the network namespace of a Pod.
type place struct {
	space *os.File
	ip    net.IP
	cable string
}

// plug makes a namespace with an address on the bridge.
func (n *network) plug() (*place, error) {
	n.mu.Lock()
	n.last++
	number := n.last
	n.mu.Unlock()
	p := &place{ip: net.IPv4(10, 244, byte(1+number>>8), byte(number)), cable: fmt.Sprintf("pod%d", number)} //nolint:gosec // some hundreds
	err := thread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		p.space, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := n.connect(p); err != nil {
		_ = p.close()
		return nil, fmt.Errorf("connecting a Pod: %w", err)
	}
	return p, nil
}

// connect lays a cable from the bridge into the namespace.
func (n *network) connect(p *place) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MasterIndex = p.cable, n.bridge.Attrs().Index
	cable := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(p.space.Fd())}
	if err := netlink.LinkAdd(cable); err != nil {
		return err
	}
	if err := up(p.cable); err != nil {
		return err
	}
	within, err := netlink.NewHandleAt(netns.NsHandle(p.space.Fd()))
	if err != nil {
		return err
	}
	defer within.Close()
	for _, name := range []string{"lo", "eth0"} {
		link, err := within.LinkByName(name)
		if err != nil {
			return err
		}
		if name == "eth0" {
			if err := within.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: p.ip, Mask: whole}}); err != nil {
				return err
			}
		}
		if err := within.LinkSetUp(link); err != nil {
			return err
		}
	}
	return within.RouteAdd(&netlink.Route{Gw: node})
}

// sysctl sets one that belongs to the namespace.
func (p *place) sysctl(name, value string) error {
	return p.do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/")), []byte(value), 0o644) //nolint:gosec // a sysctl
	})
}

// do calls a function in the namespace. What it starts or opens stays there.
func (p *place) do(f func() error) error {
	return thread(func() error {
		if err := unix.Setns(int(p.space.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// close takes the cable out; the namespace goes with its last process.
func (p *place) close() error {
	if link, err := netlink.LinkByName(p.cable); err == nil {
		_ = netlink.LinkDel(link) // the kernel does it as well, some time later
	}
	return p.space.Close()
}

// thread calls a function on a thread of its own, which is thrown away: a namespace belongs
// to a thread, and nothing else may run on it.
func thread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		done <- f()
	}()
	return <-done
}
