package stalwarttest

// URL is the base of the management interface, without a trailing slash.
func (s *Server) URL() string { return "http://" + s.httpAddr }

// SubmissionAddr is the listener with STARTTLS, "" when there is none.
func (s *Server) SubmissionAddr() string { return s.submissionAddr }

// SubmissionsAddr is the listener with implicit TLS, "" when there is none.
func (s *Server) SubmissionsAddr() string { return s.submissionsAddr }

// Admin returns the administrator's login and the password that works now.
func (s *Server) Admin() (user, password string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.process != nil {
		return s.opts.AdminUser, s.process.adminPassword
	}
	return s.opts.AdminUser, s.adminPassword
}

// SetAdminPassword changes the password that the next Start reads.
func (s *Server) SetAdminPassword(p string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.adminPassword = p
}

// SetAdmin changes login and password of the administrator; effective with the
// next Start.
func (s *Server) SetAdmin(user, password string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.opts.AdminUser, s.adminPassword = user, password
}

// SetMode changes the mode that the next Start begins in: "bootstrap" is what a
// lost config.json does.
func (s *Server) SetMode(mode string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.opts.Mode = mode
}

// BootID is the sessionState that every JMAP answer of this process carries.
func (s *Server) BootID() string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.process == nil {
		return ""
	}
	return s.process.bootID
}
