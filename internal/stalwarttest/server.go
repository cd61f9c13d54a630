package stalwarttest

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"sync"
	"time"
)

// Server is one stand-in: a process on a data store. Its methods may be called
// from any goroutine.
type Server struct {
	opts    Options
	edition edition
	schema  map[string]*objectType
	perms   []string // every permission, in the order of its number
	store   *store

	// Addresses are chosen at the first start and kept for every later one.
	httpAddr, submissionAddr, submissionsAddr string

	lifecycle     sync.Mutex // serialises Start and Stop
	process       *process   // nil while stopped; guarded by store.mu
	adminPassword string     // effective with the next start; guarded by store.mu

	mounted    *[2][]byte      // 0.15: certificate and key as files; guarded by store.mu
	registered map[string]bool // own addresses with an x:NetworkListener

	records records
	faults  faults
	closed  bool
}

// process is what dies with a restart: the boot id, the caches, the listeners
// and the settings as they were loaded.
type process struct {
	bootID        string
	started       time.Time
	adminPassword string
	mode          string
	cache         nodeCache
	active        activeSettings
	blocked       map[string]time.Time // address, end of the ban; zero is never
	blockedNets   map[string]time.Time
	anonymous     map[string]*window // HTTP requests per address and minute
	perAccount    map[string]*window
	perSecond     map[string]*window         // SMTP connections per address
	hasMail       chan struct{}              // the queue is not empty
	perHour       map[string]*window         // messages per sender domain and recipient
	lookups       map[string]map[string]bool // 0.15: lists already in memory
	queuePaused   bool
	bootstrapped  bool             // x:Bootstrap has succeeded in this process
	certificate   *tls.Certificate // for clients that name no host that is known
	served        served
	listeners     []net.Listener
	hooks         *hookSender
	conns         connSet
	stopping      chan struct{}
	work          sync.WaitGroup
}

// Start starts a server. The caller must Close it.
func Start(o Options) (*Server, error) {
	o.fill()
	ed, err := editionOf(o.Version)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, edition: ed, adminPassword: o.AdminPassword, registered: map[string]bool{}}
	if !ed.rest {
		s.schema = loadSchema()
	}
	s.perms = loadPermissions(ed)
	if s.store = newStoreFor(o.Peer); s.store == nil {
		return nil, errors.New("stalwarttest: the peer is closed")
	}
	if o.Volume != "" && ed.rest {
		return nil, errors.New("stalwarttest: only a 0.16 has a volume")
	}
	err = s.store.load(o.Volume)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newStoreFor(peer *Server) *store {
	if peer == nil {
		return newStore()
	}
	if peer.closed {
		return nil
	}
	return peer.store
}

// Start begins a new process on the same ports: a new boot id, empty caches,
// and the listeners that the store holds now. It does nothing while running.
func (s *Server) Start() error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.closed {
		return errors.New("stalwarttest: closed")
	}
	s.store.mu.Lock()
	running := s.process != nil
	s.store.mu.Unlock()
	if running {
		return nil
	}
	p, err := s.newProcess()
	if err != nil {
		return err
	}
	s.store.mu.Lock()
	if s.store.wiped {
		s.store.erase()
	}
	s.process = p
	p.adminPassword = s.adminPassword
	s.boot(p)
	err = s.persist()
	s.store.mu.Unlock()
	if err := errors.Join(err, s.listen(p)); err != nil {
		s.halt()
		return err
	}
	s.registerListeners(p)
	if s.opts.Relay != "" {
		p.work.Go(func() { s.deliver(p) })
	}
	s.emit(p, "server.startup", object{"hostname": s.hostname(), "version": s.edition.reported})
	return nil
}

// fixedState is what 0.15 hashes out of an administrator without groups: its
// seed is no random number, so the state survives restarts.
const fixedState = "3e25b2a0"

func (s *Server) newProcess() (*process, error) {
	p := &process{
		bootID: randomHex(4), started: s.now(), mode: s.opts.Mode,
		blocked: map[string]time.Time{}, blockedNets: map[string]time.Time{},
		anonymous: map[string]*window{}, perAccount: map[string]*window{},
		perSecond: map[string]*window{}, perHour: map[string]*window{},
		lookups:  map[string]map[string]bool{},
		stopping: make(chan struct{}), hasMail: make(chan struct{}, 1),
	}
	if s.edition.rest {
		p.bootID = fixedState
	}
	p.cache.clear()
	p.conns.open = map[net.Conn]bool{}
	p.served = newServed()
	certificate, err := selfSigned("localhost")
	p.certificate = certificate
	return p, err
}

// Stop ends the process. Every port refuses connections, the data stays.
func (s *Server) Stop() error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	s.halt()
	return nil
}

func (s *Server) halt() {
	s.store.mu.Lock()
	p := s.process
	s.process = nil
	if p != nil {
		_ = s.persist() // what was not promised to anybody may be lost
	}
	s.store.mu.Unlock()
	if p == nil {
		return
	}
	s.emit(p, "server.shutdown", object{"causedBy": "SIGTERM"})
	close(p.stopping)
	for _, l := range p.listeners {
		l.Close()
	}
	p.conns.closeAll()
	p.work.Wait()
	p.hooks.close()
}

// Restart is Stop and Start.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Wipe loses the data volume with the next Start: ids are handed out from the
// beginning again, dates and keys are new.
func (s *Server) Wipe() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.wiped = true
}

// Close stops the server for good.
func (s *Server) Close() error {
	err := s.Stop()
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.closed {
		return err
	}
	s.closed = true
	if s.opts.Peer == nil {
		s.store.endJobs()
	}
	s.store.jobs.Wait()
	return err
}

func (s *Server) now() time.Time { return s.opts.Now() }

func randomHex(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}
