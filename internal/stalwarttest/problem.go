package stalwarttest

import (
	"encoding/json"
	"net/http"
)

// problem is an error body of RFC 7807.
type problem struct {
	Type   string `json:"type"`
	Status int    `json:"status"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
	Limit  string `json:"limit,omitempty"`
}

// fail answers with the standard body of a status.
func (x *exchange) fail(status int) {
	p := problem{Type: blank, Status: status, Title: http.StatusText(status)}
	switch status {
	case http.StatusUnauthorized:
		p.Detail = "You have to authenticate first."
	case http.StatusForbidden:
		p.Detail = "You do not have enough permissions to access this resource."
	case http.StatusNotFound:
		p.Detail = "The requested resource does not exist on this server."
	case http.StatusBadRequest:
		p.Title, p.Detail = "Invalid parameters", "One or multiple parameters could not be parsed."
	case http.StatusInternalServerError:
		p.Detail = "There was a problem while processing your request."
		if x.s.edition.jmap {
			p.Detail += " Please contact the system administrator if this problem persists."
		}
	}
	x.json(status, problemJSON, p)
}

func (x *exchange) json(status int, contentType string, body any) {
	x.w.Header().Set("Content-Type", contentType)
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	x.w.WriteHeader(status)
	x.w.Write(text)
}

func (x *exchange) redirect(status int, to string) {
	x.w.Header().Set("Location", to)
	x.w.WriteHeader(status)
}
