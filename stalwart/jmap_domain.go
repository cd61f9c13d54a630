package stalwart

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

type jmapDomain struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Aliases        map[string]bool `json:"aliases"`
	CreatedAt      time.Time       `json:"createdAt"`
	DKIMManagement struct {
		Type string `json:"@type"`
	} `json:"dkimManagement"`
}

// names are all names of a domain, its own first.
func (d jmapDomain) names() []string {
	return append([]string{d.Name}, slices.Sorted(maps.Keys(d.Aliases))...)
}

// domain finds a domain by its exact name, nil where there is none; the filter
// is case-sensitive and names are stored in lower case. It does not find aliases.
func (j *jmap) domain(ctx context.Context, name string) (*jmapDomain, error) {
	var found []jmapDomain
	err := j.find(ctx, "Domain", obj{"name": strings.ToLower(name)}, &found)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// serving finds the domain that has a name, be it one of its aliases: an address
// on any of a domain's names is granted on all of them.
func (j *jmap) serving(ctx context.Context, name string) (*jmapDomain, error) {
	found, err := j.domain(ctx, name)
	if err != nil || found != nil {
		return found, err
	}
	var all []jmapDomain
	if err := j.get(ctx, "Domain", nil, &all); err != nil {
		return nil, err
	}
	for _, d := range all {
		if slices.Contains(d.names(), strings.ToLower(name)) {
			return &d, nil
		}
	}
	return nil, nil
}

// domainNames gives the names of a domain id, none where it leads nowhere.
func (j *jmap) domainNames(ctx context.Context, id string) ([]string, error) {
	if id == "" {
		return nil, nil
	}
	var domains []jmapDomain
	err := j.get(ctx, "Domain", []string{id}, &domains)
	if err != nil || len(domains) == 0 {
		return nil, err
	}
	return domains[0].names(), nil
}

// Domain finds a domain.
func (j *jmap) Domain(ctx context.Context, name string) (*Domain, error) {
	d, err := j.domain(ctx, name)
	if err != nil || d == nil {
		return nil, err
	}
	return d.neutral(), nil
}

func (d *jmapDomain) neutral() *Domain {
	return &Domain{ID: d.ID, Name: d.Name, CreatedAt: d.CreatedAt, DKIMAutomatic: d.DKIMManagement.Type == "Automatic"}
}

// CreateDomain creates a domain with Stalwart's own defaults, but for its DKIM keys: it
// signs with those that it makes by itself before anybody can know them. Losing a race
// against somebody who created it first is [ErrExists].
func (j *jmap) CreateDomain(ctx context.Context, name string, ownKeys bool) error {
	domain := obj{"name": strings.ToLower(name)}
	if ownKeys {
		domain["dkimManagement"] = obj{"@type": "Manual"}
	}
	e, err := j.create(ctx, "Domain", domain)
	if err != nil || e == nil {
		return err
	}
	if e.Type == "primaryKeyViolation" && slices.Equal(e.Properties, []string{"name"}) {
		return ErrExists
	}
	return refused("creating the domain "+name, e)
}
