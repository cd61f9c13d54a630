package stalwarttest

import "strings"

// changed is called after every write of a registry object: it drops what this
// process knew about it, and only this process.
func (s *Server) changed(p *process, kind, id string, old, o object) {
	switch kind {
	case "Account", "MailingList", "Role":
		s.forgetNames(p)
	case "Domain":
		s.forgetNames(p)
		if old == nil {
			s.domainCreated(p, id, o)
		}
	case "DkimSignature":
		// A new key is not noticed while the signers of its domain are cached.
		if old != nil {
			delete(p.cache.signers, str(old["domainId"]))
		}
	case "Task":
		if o != nil {
			s.runTask(p, id)
		}
	}
}

func (s *Server) domainCreated(p *process, id string, o object) {
	if str(sub(o["dkimManagement"])["@type"]) == "Automatic" {
		s.queueDkimTask(id)
		if p.mode == "" {
			s.runPendingTasks()
		}
	}
}

// derive fills in what is computed at each read.
func (s *Server) derive(kind, id string, o object, wanted func(string) bool) {
	switch kind {
	case "Account":
		o["usedDiskQuota"] = 0.0
		o["emailAddress"] = s.address(o)
	case "MailingList":
		o["emailAddress"] = s.address(o)
	case "Domain":
		if wanted("dnsZoneFile") {
			o["dnsZoneFile"] = s.zoneFile(id, o)
		}
	case "DkimSignature":
		o["publicKey"] = publicKeyOf(o)
	case "Certificate":
		deriveCertificate(o)
	case "Task":
		if o["due"] == nil {
			delete(o, "due")
		}
	case "Http":
		if s.edition.nullDrops {
			delete(o, "redirectRoot")
		}
	}
}

// act answers x:Action/set create: the only way to reload, and the only way to
// make a process forget.
func (c *call) act(given object) (any, *setError) {
	kind := str(given["@type"])
	if !strings.Contains(" ReloadSettings ReloadTlsCertificates ReloadLookupStores ReloadBlockedIps InvalidateCaches InvalidateNegativeCaches UpdateApps PauseMtaQueue ResumeMtaQueue ", " "+kind+" ") || kind == "" {
		return nil, invalidPatch("", textNoType)
	}
	if !c.who.may("action" + kind) {
		return nil, &setError{Type: "forbidden", Description: "Insufficient permissions to perform action of type " + kind}
	}
	s, p := c.x.s, c.x.p
	switch kind {
	case "ReloadSettings":
		if fault := s.reloadFault(c); fault != nil {
			return nil, fault
		}
		s.loadSettings(p)
	case "ReloadTlsCertificates":
		if fault := s.loadCertificate(p); fault != nil {
			return nil, fault
		}
	case "ReloadBlockedIps":
		s.loadBlocked(p)
	case "InvalidateCaches":
		p.cache.clear()
	case "InvalidateNegativeCaches":
		p.cache.clearNegative()
	}
	return object{"id": encodeID(uint64(s.now().Unix()))}, nil
}

func (s *Server) reloadFault(c *call) *setError {
	if f := s.faults.take(ReloadFails, c.x.r.URL.Path, c.name); f != nil {
		return &setError{
			Type: "validationFailed", Description: "Invalid address: failed to lookup address information",
			ObjectID: &objectRef{"SpamPyzor", singletonID},
		}
	}
	return s.broken()
}

// bootstrap answers x:Bootstrap/set update: it prepares the store and a
// permanent administrator, both for the next start in normal mode.
func (c *call) bootstrap(patch object) (any, *setError) {
	s := c.x.s
	if c.x.p.mode != "bootstrap" {
		return nil, &setError{Type: "forbidden", Description: "This operation is only allowed bootstrap mode"}
	}
	host, domain := str(patch["serverHostname"]), str(patch["defaultDomain"])
	if !c.patcher().validDomain(host) {
		return nil, invalidProperties("Invalid server hostname", "serverHostname")
	}
	if str(sub(patch["dataStore"])["@type"]) != "Sqlite" {
		return nil, invalidProperties("Binary was not compiled with the selected data store backend", "dataStore")
	}
	if known := s.store.ids("Domain"); len(known) > 0 && !c.x.p.bootstrapped {
		return nil, invalidProperties("The selected data store has already been initialized.", "dataStore")
	}
	if fault := s.uniqueDomain("", object{"name": domain}); fault != nil {
		fault.Properties = []string{"defaultDomain"}
		return nil, fault
	}
	c.x.p.bootstrapped = true
	id := s.insert("Domain", object{"name": domain})
	settings := s.singleton("SystemSettings")
	settings["defaultHostname"], settings["defaultDomainId"] = host, id
	if tracer := sub(patch["tracer"]); tracer != nil {
		s.insert("Tracer", tracer)
	}
	s.queueDkimTask(id)
	secret := randomText(16)
	s.insert("Account", object{
		"@type": "User", "name": "admin", "domainId": id, "description": "System administrator",
		"roles":       object{"@type": "Admin"},
		"credentials": indexMap([]object{{"@type": "Password", "credentialId": "a", "secret": hashSecret(secret), "expiresAt": nil, "allowedIps": object{}}}),
	})
	return object{"username": "admin@" + domain, "secret": secret}, nil
}
