package stalwarttest

import (
	"strconv"
	"strings"
	"time"
)

// boot brings a process up on the store as it is: safe defaults on an empty
// one, then the settings, the bans and the certificate as they are stored now.
// Whatever changes later waits for a reload.
func (s *Server) boot(p *process) {
	if s.edition.rest {
		s.bootREST()
	} else {
		s.bootRegistry(p)
	}
	if s.opts.Domain != "" && !s.store.initialised && p.mode != "bootstrap" {
		s.store.initialised = true
		s.createFirstDomain()
	}
	if p.mode == "" {
		s.runPendingTasks()
	}
	s.loadSettings(p)
	s.loadBlocked(p)
	s.loadLookups(p, true)
	s.seedCertificate(p)
	s.loadCertificate(p)
	p.hooks = newHookSender()
}

func (s *Server) bootRegistry(p *process) {
	if p.mode != "" {
		return
	}
	if len(s.store.tables["Role"]) == 0 {
		s.insertDefaults()
	}
	s.renewNode(p)
}

// insertDefaults writes what a first start in normal mode writes.
func (s *Server) insertDefaults() {
	for _, role := range defaultRoles(s.perms) {
		s.insert("Role", role)
	}
	if len(s.store.tables["Tracer"]) == 0 {
		s.insert("Tracer", object{"@type": "Log"})
	}
	s.insert("MtaInboundThrottle", object{
		"enable": s.opts.KeepThrottle, "description": "Sender IP throttle", "key": object{"remoteIp": true},
		"rate": object{"count": 5.0, "period": 1000.0},
	})
	s.insert("MtaInboundThrottle", object{
		"enable": s.opts.KeepThrottle, "description": "Sender address to recipient throttle",
		"key": object{"senderDomain": true, "rcpt": true}, "rate": object{"count": 25.0, "period": 3600000.0},
	})
	if len(s.store.tables["Application"]) == 0 {
		s.insert("Application", object{
			"description": "Stalwart Web Interface", "urlPrefix": object{"/admin": true, "/account": true},
			"resourceUrl":         "https://github.com/stalwartlabs/webui/releases/latest/download/webui.zip",
			"autoUpdateFrequency": 2592000000.0,
		})
	}
	if !s.opts.KeepPyzor {
		s.singleton("SpamPyzor")["enable"] = false
	}
}

// insert stores an object with the defaults of its type filled in.
func (s *Server) insert(name string, given object) string {
	t := s.schema[name]
	o := object{}
	for field, p := range t.fields(given) {
		if p.Type != "hidden" {
			o[field] = p.blank()
		}
	}
	for field, v := range given {
		o[field] = clone(v)
	}
	if p, ok := t.fields(given)["createdAt"]; ok && p.Server {
		o["createdAt"] = stamp(s.now())
	}
	id := s.store.allocate(t, s.now())
	s.store.table(name)[id] = o
	return id
}

// singleton returns the stored settings object, made from defaults when nobody
// has written it yet.
func (s *Server) singleton(name string) object {
	table := s.store.table(name)
	if o, ok := table[singletonID]; ok {
		return o
	}
	o := object{}
	for field, p := range s.schema[name].Props {
		o[field] = p.blank()
	}
	table[singletonID] = o
	return o
}

func (s *Server) createFirstDomain() {
	if s.edition.rest {
		s.addPrincipal(&principal{Type: "domain", Name: strings.ToLower(s.opts.Domain)})
		s.setDefault("report.domain", strings.ToLower(s.opts.Domain))
		return
	}
	id := s.insert("Domain", object{"name": strings.ToLower(s.opts.Domain)})
	settings := s.singleton("SystemSettings")
	settings["defaultHostname"], settings["defaultDomainId"] = s.opts.Hostname, id
	s.queueDkimTask(id)
}

// registerListeners puts the listeners of the options on record, the first
// time a process starts on this store: 0.15 has them in its file.
func (s *Server) registerListeners(p *process) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	_, inFile := s.store.fileConfig["server.listener.http.protocol"]
	if p.mode != "" || inFile || len(s.store.tables["NetworkListener"]) > 0 {
		return
	}
	for _, l := range []struct {
		name, protocol, addr string
		implicit             bool
	}{
		{"http", "http", s.httpAddr, false},
		{"submission", "smtp", s.submissionAddr, false},
		{"submissions", "smtp", s.submissionsAddr, true},
	} {
		switch {
		case l.addr == "":
		case s.edition.rest:
			file, prefix := s.store.fileConfig, "server.listener."+l.name+"."
			file[prefix+"bind"], file[prefix+"protocol"] = l.addr, l.protocol
			file[prefix+"tls.implicit"] = strconv.FormatBool(l.implicit)
		default:
			s.insert("NetworkListener", object{"name": l.name, "protocol": l.protocol, "tlsImplicit": l.implicit, "bind": object{l.addr: true}})
		}
	}
}

// renewNode writes the line of this process in the list of cluster nodes.
func (s *Server) renewNode(p *process) {
	nodes := s.store.table("ClusterNode")
	number := 0
	if s.opts.Peer != nil {
		number = 1
	}
	nodes[encodeID(uint64(number))] = object{
		"nodeId": float64(number), "hostname": s.opts.Hostname, "lastRenewal": stamp(p.started), "status": "active",
	}
}

// hostname is the configured default, else the one of the environment.
func (s *Server) hostname() string {
	if s.edition.rest {
		if s.process != nil && s.process.active.hostname != "" {
			return s.process.active.hostname
		}
		return s.opts.Hostname
	}
	if name := str(sub(s.store.tables["SystemSettings"][singletonID])["defaultHostname"]); name != "" {
		return name
	}
	return s.opts.Hostname
}

func millis(v any) time.Duration { return time.Duration(num(v)) * time.Millisecond }
