//go:build linux

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// traverse lets other users get through.
const traverse = 0o755

// root makes the file system of a container.
func (s *sandbox) root(dir string, spec corev1.Container) (string, error) {
	root, err := s.image(dir, spec.Image)
	if err != nil {
		return "", err
	}
	if err := errors.Join(s.files(root), mountProc(root+"/proc"), devices(root+"/dev")); err != nil {
		return "", err
	}
	for _, m := range spec.VolumeMounts {
		if err := os.MkdirAll(root+m.MountPath, traverse); err != nil { //nolint:gosec // see traverse
			return "", err
		}
	}
	if c := spec.SecurityContext; c != nil && c.ReadOnlyRootFilesystem != nil && *c.ReadOnlyRootFilesystem {
		if err := readOnly(root); err != nil {
			return "", err
		}
	}
	for _, m := range spec.VolumeMounts {
		_ = os.MkdirAll(root+m.MountPath, traverse) //nolint:gosec // see traverse; a mount may lie in another
		if err := bind(filepath.Join(s.volume(m.Name), m.SubPath), root+m.MountPath, m.ReadOnly); err != nil {
			return "", err
		}
	}
	return root, nil
}

// image is what an image has in it: our program and nothing else, or all of this machine.
func (s *sandbox) image(dir, name string) (string, error) {
	root := filepath.Join(dir, "root")
	err := os.MkdirAll(dir, traverse) //nolint:gosec // see traverse
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755")
	}
	for _, sub := range []string{"upper", "work", "root"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(dir, sub), traverse))
	}
	if err != nil {
		return "", fmt.Errorf("making a root: %w", err)
	}
	if strings.Contains(name, s.machine.options.OurImage) {
		return root, s.scratch(root)
	}
	options := fmt.Sprintf("lowerdir=/,upperdir=%s/upper,workdir=%s/work", dir, dir)
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", fmt.Errorf("mounting a root: %w", err)
	}
	for path, program := range s.machine.options.Programs {
		if err := install(root, path, program); err != nil {
			return "", err
		}
	}
	return root, os.Chmod(root, traverse) //nolint:gosec // see traverse
}

// install shows a program of this machine at another path.
func install(root, path, program string) error {
	path = filepath.Join(root, path)
	_ = os.Remove(path)                              // it may be a link
	err := os.MkdirAll(filepath.Dir(path), traverse) //nolint:gosec // see traverse
	if err == nil {
		err = os.WriteFile(path, nil, traverse) //nolint:gosec // a program
	}
	if err == nil {
		err = bind(program, path, true)
	}
	if err != nil {
		return fmt.Errorf("installing %s: %w", path, err)
	}
	return nil
}

// scratch has our program. It is a mount of its own, so that it can be made read-only.
func (s *sandbox) scratch(root string) error {
	if err := syscall.Mount(root, root, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting a root: %w", err)
	}
	for _, sub := range []string{"proc", "dev", "etc"} {
		if err := os.Mkdir(filepath.Join(root, sub), traverse); err != nil {
			return err
		}
	}
	return install(root, "/smtp-mirror", s.machine.options.Ours)
}

// files are those that a container runtime writes, and the authority that all nodes of the
// platform trust.
func (s *sandbox) files(root string) error {
	resolv := fmt.Sprintf("nameserver %s\nsearch %s.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n", node, s.pod.Namespace)
	for name, text := range map[string][]byte{
		"/etc/hosts":                         fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", s.place.ip, s.pod.Name),
		"/etc/resolv.conf":                   []byte(resolv),
		"/etc/ssl/certs/ca-certificates.crt": s.machine.options.Authority,
	} {
		path := root + name
		_ = os.Remove(path)                              // it may be a link
		err := os.MkdirAll(filepath.Dir(path), traverse) //nolint:gosec // see traverse
		if err == nil {
			err = os.WriteFile(path, text, 0o644) //nolint:gosec // everybody reads it
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// devices makes those that a container has, as files of its own: the machine's own are not
// shown to it.
func devices(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID, "mode=0755"); err != nil {
		return fmt.Errorf("mounting devices: %w", err)
	}
	const everybody, memory = 0o666, 1
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		path := filepath.Join(dir, name)
		if err := unix.Mknod(path, unix.S_IFCHR|everybody, int(unix.Mkdev(memory, minor))); err != nil {
			return fmt.Errorf("making %s: %w", path, err)
		}
		if err := os.Chmod(path, everybody); err != nil {
			return err
		}
	}
	return nil
}

func readOnly(path string) error {
	if err := syscall.Mount("", path, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("making %s read-only: %w", path, err)
	}
	return nil
}

// bind shows a directory or a file at another place.
func bind(from, to string, protected bool) error {
	if err := syscall.Mount(from, to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", from, to, err)
	}
	if protected {
		return readOnly(to)
	}
	return nil
}
