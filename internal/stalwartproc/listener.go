package stalwartproc

// listener is a port that the server is told to open.
type listener struct {
	Name, Protocol string
	Port           int
	ImplicitTLS    bool
}

// listeners are those that the options did not leave out.
func (s *Server) listeners() []listener {
	var wanted []listener
	for _, l := range []listener{
		{"http", "http", s.options.HTTPPort, false},
		{"submission", "smtp", s.options.SubmissionPort, false},
		{"submissions", "smtp", s.options.SubmissionsPort, true},
	} {
		if l.Port != NoListener {
			wanted = append(wanted, l)
		}
	}
	return wanted
}
