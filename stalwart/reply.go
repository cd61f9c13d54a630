package stalwart

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// reply is an answer whose body was read within bounds.
type reply struct {
	request string
	status  int
	body    []byte
	json    bool

	location string // of a redirect, which is never followed
}

// decode parses the body; a failure does not show it.
func (r *reply) decode(into any) error {
	if !r.json {
		return &UnexpectedError{r.request, "something that is not JSON"}
	}
	if json.Unmarshal(r.body, into) != nil {
		return &UnexpectedError{r.request, "JSON that is truncated or of another shape"}
	}
	return nil
}

// failure classifies a status that no endpoint of either generation gives for a
// success. 404 is left to the caller: it may just mean "absent".
func (r *reply) failure() error {
	switch {
	case r.status == http.StatusTooManyRequests:
		return r.limited()
	case r.status == http.StatusForbidden:
		return &ForbiddenError{r.request}
	case r.status >= 300 && r.status < 400:
		return &UnexpectedError{r.request, fmt.Sprintf("a redirect (%d)", r.status)}
	case r.status >= 500:
		return &UnexpectedError{r.request, fmt.Sprintf("status %d", r.status)}
	case r.status == http.StatusBadRequest:
		return &UnexpectedError{r.request, "status 400: it cannot read our request"}
	}
	return nil
}

// limited tells a ban from a rate limit: both are 429, with another title.
func (r *reply) limited() error {
	var problem struct{ Title string }
	_ = json.Unmarshal(r.body, &problem)
	if problem.Title == "Too Many Authentication Attempts" {
		return &BannedError{}
	}
	return &BusyError{"too many requests"}
}
