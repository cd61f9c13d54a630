package stalwart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Owner searches the principals for an address, type by type: a type that may not
// be listed is passed over.
func (r *rest) Owner(ctx context.Context, address string) (string, error) {
	var forbidden *ForbiddenError
	for _, kind := range []string{"individual", "group", "list"} {
		owner, err := r.ownerAmong(ctx, kind, address)
		if owner != "" || err != nil && !errors.As(err, &forbidden) {
			return owner, err
		}
	}
	if forbidden != nil {
		return "", forbidden
	}
	return "", nil
}

// ownerAmong searches the principals of one type, page by page.
func (r *rest) ownerAmong(ctx context.Context, kind, address string) (string, error) {
	const limit, pages = 200, 50
	for page := 1; page <= pages; page++ {
		var list struct{ Items []principal }
		e, err := r.ask(ctx, http.MethodGet, fmt.Sprintf("/api/principal?types=%s&fields=type,name,emails&page=%d&limit=%d", kind, page, limit), nil, &list)
		if err != nil || e != nil {
			return "", err
		}
		for _, p := range list.Items {
			if slices.ContainsFunc(p.Emails, func(m string) bool { return strings.EqualFold(m, address) }) {
				return "the " + p.Type + " " + p.Name, nil
			}
		}
		if len(list.Items) < limit {
			break
		}
	}
	return "", nil
}
