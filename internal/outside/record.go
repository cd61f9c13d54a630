package outside

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// ttl is what a record without one gets.
const ttl = time.Second

// key is the owner name and the type of a set of records.
type key struct {
	name string
	kind string
}

func keyOf(r zone.Record) key { return key{canonical(r.Name), strings.ToUpper(r.Type)} }

// canonical is a name in lower case without the dot at the end.
func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// sets groups records by name and type, without repetitions.
func sets(records []zone.Record) map[key][]zone.Record {
	all, seen := map[key][]zone.Record{}, map[string]bool{}
	for _, r := range records {
		k := keyOf(r)
		if id := k.name + " " + k.kind + " " + r.Value; !seen[id] {
			seen[id] = true
			all[k] = append(all[k], r)
		}
	}
	return all
}

// rr is the record for the wire.
func rr(r zone.Record) (dns.RR, error) {
	k := keyOf(r)
	seconds := uint32(max(r.TTL, ttl) / time.Second) //nolint:gosec // small
	if k.kind == "TXT" {
		header := dns.RR_Header{Name: dns.Fqdn(k.name), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: seconds}
		return &dns.TXT{Hdr: header, Txt: chunks(r.Value)}, nil
	}
	parsed, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", dns.Fqdn(k.name), seconds, k.kind, r.Value))
	if err == nil && parsed == nil {
		err = fmt.Errorf("no record: %s %s", k.kind, k.name)
	}
	return parsed, err
}

// chunks cuts a text into character strings of at most 255 bytes, escaped as the
// library wants them.
func chunks(value string) []string {
	const most = 255
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var parts []string
	for len(value) > most {
		parts, value = append(parts, escape.Replace(value[:most])), value[most:]
	}
	return append(parts, escape.Replace(value))
}

// listed is an entry of records[] in records.json.
type listed struct {
	Name, Type, Value string
	TTL               int // seconds
}

// old is the shape that records.json has always had.
type old struct {
	MailHost string
	MX       *struct {
		Name, Value string
		Priority    int
	}
	SPF, DMARC, PTR *struct{ Name, Value string }
	DKIMKeys        []struct{ Name, TXT, Stage string }
	Records         []listed
}

// ParseRecords reads records.json as whoever publishes it would: records[] where it has
// them, else its old members with the DKIM keys of every stage. Entries without a value
// or an absolute name are left out, as nobody can publish them.
func ParseRecords(document []byte) ([]zone.Record, error) {
	var d old
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("reading records.json: %w", err)
	}
	var all []zone.Record
	add := func(name, kind, value string, ttl int) {
		if value != "" && name != "" && !strings.ContainsAny(name, "<> ") && !strings.ContainsAny(value, "<>") {
			all = append(all, zone.Record{Name: name, Type: kind, Value: value, TTL: time.Duration(ttl) * time.Second})
		}
	}
	for _, r := range d.Records {
		add(r.Name, r.Type, r.Value, r.TTL)
	}
	if len(all) > 0 {
		return all, nil
	}
	if d.MX != nil {
		add(d.MX.Name, "MX", fmt.Sprintf("%d %s", d.MX.Priority, d.MX.Value), 0)
	}
	if d.SPF != nil {
		add(d.SPF.Name, "TXT", d.SPF.Value, 0)
	}
	if d.DMARC != nil {
		add(d.DMARC.Name, "TXT", d.DMARC.Value, 0)
	}
	for _, k := range d.DKIMKeys {
		add(k.Name, "TXT", k.TXT, 0)
	}
	return all, nil
}
