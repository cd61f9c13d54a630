package stalwarttest

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// translation maps the ids and secrets that the recorded server chose to those
// that this one has chosen.
type translation struct {
	ids     map[[2]string]string // type and recorded id
	back    map[[2]string]string
	secrets map[string]string
}

func newTranslation() *translation {
	return &translation{map[[2]string]string{}, map[[2]string]string{}, map[string]string{}}
}

func (tr *translation) learn(kind, theirs, ours string) {
	tr.ids[[2]string{kind, theirs}] = ours
	tr.back[[2]string{kind, ours}] = theirs
}

func (tr *translation) ours(kind, id string) string {
	if known, ok := tr.ids[[2]string{kind, id}]; ok {
		return known
	}
	return id
}

func (tr *translation) theirs(kind, id string) string {
	if known, ok := tr.back[[2]string{kind, id}]; ok {
		return known
	}
	return id
}

func (tr *translation) secret(theirs string) string {
	if known, ok := tr.secrets[theirs]; ok {
		return known
	}
	return theirs
}

// refKinds are the properties whose values, or keys, are ids.
func refKinds() map[string]string {
	return map[string]string{
		"domainId": "Domain", "defaultDomainId": "Domain", "memberGroupIds": "Account", "roleIds": "Role", "accountId": "Account",
	}
}

// request rewrites a recorded body for this server.
func (tr *translation) request(r recorded) any {
	body := clone(r.body)
	calls, ok := sub(body)["methodCalls"].([]any)
	if !ok {
		return tr.requestREST(body)
	}
	for _, c := range calls {
		if call := c.([]any); len(call) == 3 && sub(call[1]) != nil {
			call[1] = fillKeys(tr.walk(kindOf(str(call[0])), "", call[1], tr.ours))
		}
	}
	return body
}

func kindOf(method string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(method, "x:"), "/")
	if kind == "AppPassword" || kind == "ApiKey" {
		return "Credential"
	}
	return kind
}

// walk translates every id below v; convert says in which direction.
func (tr *translation) walk(kind, key string, v any, convert func(kind, id string) string) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for name, e := range v {
			out[tr.walkKey(kind, key, name, convert)] = tr.walk(kind, name, e, convert)
		}
		if str(out["object"]) != "" {
			out["id"] = convert(str(out["object"]), str(v["id"]))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = tr.walk(kind, key, e, convert)
		}
		return out
	case string:
		if ref := refKinds()[key]; ref != "" {
			return convert(ref, v)
		}
		if slices.Contains([]string{"ids", "destroy", "destroyed", "notFound", "id"}, key) {
			return convert(kind, v)
		}
		if strings.HasPrefix(v, "<PEM ") {
			return placeholderKey(v, kind)
		}
		return v
	}
	return v
}

func (tr *translation) walkKey(kind, parent, name string, convert func(kind, id string) string) string {
	if ref := refKinds()[parent]; ref != "" {
		return convert(ref, name)
	}
	if slices.Contains([]string{"update", "updated", "notUpdated", "notDestroyed"}, parent) {
		return convert(kind, name)
	}
	if property, id, found := strings.Cut(name, "/"); found && refKinds()[property] != "" {
		return property + "/" + convert(refKinds()[property], id)
	}
	return name
}

// compare returns what is wrong with an answer, or "".
func (tr *translation) compare(r recorded, answer []byte) string {
	if r.answer == nil {
		if len(answer) > 0 {
			return "a body where none was recorded: " + shortened(answer)
		}
		return ""
	}
	var got any
	if json.Unmarshal(answer, &got) != nil {
		got = string(answer)
	}
	wanted := clone(r.answer)
	if str(wanted) == "(session object left out)" || str(wanted) == "(permissions left out)" {
		return ""
	}
	if r.file[0] < '0' || r.file[0] > '9' {
		tr.learnREST(r, wanted, got)
		got = tr.answerREST(got)
	} else {
		got = tr.answer(wanted, got)
	}
	return differ("", neutral("", wanted), neutral("", got))
}

// answer learns the ids of a JMAP answer and translates it back.
func (tr *translation) answer(wanted, got any) any {
	theirs, _ := sub(wanted)["methodResponses"].([]any)
	ours, _ := sub(got)["methodResponses"].([]any)
	for i := range min(len(theirs), len(ours)) {
		their, our := theirs[i].([]any), ours[i].([]any)
		kind := kindOf(str(their[0]))
		tr.learnFrom(kind, sub(their[1]), sub(our[1]))
		our[1] = tr.walk(kind, "", our[1], tr.theirs)
	}
	return tr.session(wanted, got)
}

// session replaces the account id in a session object, which is everywhere.
func (tr *translation) session(wanted, got any) any {
	their, our := sub(sub(wanted)["primaryAccounts"]), sub(sub(got)["primaryAccounts"])
	if len(their) == 0 || len(our) == 0 {
		return got
	}
	var theirID, ourID string
	for name, id := range their {
		theirID, ourID = str(id), str(our[name])
	}
	text, _ := json.Marshal(got)
	return decoded([]byte(strings.ReplaceAll(string(text), `"`+ourID+`"`, `"`+theirID+`"`)))
}

// learnFrom pairs the new ids of an answer: by creation id, or by position.
func (tr *translation) learnFrom(kind string, theirs, ours object) {
	for name, v := range sub(theirs["created"]) {
		our := sub(sub(ours["created"])[name])
		if id := str(sub(v)["id"]); id != "" && our != nil {
			tr.learn(kind, id, str(our["id"]))
		}
		tr.learnSecret(v, our)
	}
	for name, v := range sub(theirs["notDestroyed"]) {
		our := sub(sub(ours["notDestroyed"])[tr.ours(kind, name)])
		tr.pair("DkimSignature", ofType(sub(v)["linkedObjects"]), ofType(our["linkedObjects"]), func(v any) string { return str(sub(v)["id"]) })
	}
	for name, v := range sub(theirs["updated"]) {
		tr.learnSecret(v, sub(sub(ours["updated"])[name]))
	}
	tr.pair(kind, theirs["ids"], ours["ids"], func(v any) string { return str(v) })
	tr.pair(kind, theirs["list"], ours["list"], func(v any) string { return str(sub(v)["id"]) })
}

// ofType keeps the DKIM keys of a list of references, in the order of their ids.
func ofType(links any) any {
	var out []any
	list, _ := links.([]any)
	for _, link := range list {
		if str(sub(link)["object"]) == "DkimSignature" {
			out = append(out, link)
		}
	}
	slices.SortFunc(out, func(a, b any) int {
		x, _ := decodeID(str(sub(a)["id"]))
		y, _ := decodeID(str(sub(b)["id"]))
		return cmp.Compare(x, y)
	})
	return out
}

func (tr *translation) learnSecret(their any, our object) {
	if secret := str(sub(their)["secret"]); secret != "" {
		tr.secrets[secret] = str(our["secret"])
	}
}

func (tr *translation) pair(kind string, theirs, ours any, id func(any) string) {
	a, _ := theirs.([]any)
	b, _ := ours.([]any)
	if len(a) != len(b) {
		return
	}
	for i := range a {
		_, known := tr.ids[[2]string{kind, id(a[i])}]
		_, taken := tr.back[[2]string{kind, id(b[i])}]
		if !known && !taken {
			tr.learn(kind, id(a[i]), id(b[i]))
		}
	}
}

var (
	volatileDate   = regexp.MustCompile(`20\d{6}|179\d{7}`)
	volatileKey    = regexp.MustCompile(`([ ;][pd]=)[A-Za-z0-9+/=]{30,}|\bid=\d+`)
	volatilePort   = regexp.MustCompile(`(127\.0\.0\.1|mail\.example\.test|\]):\d+`)
	volatileSRV    = regexp.MustCompile(`^0 1 \d+ `)
	volatileTLSA   = regexp.MustCompile(`^(3 \d \d )[0-9a-f]+$`)
	volatileLookup = regexp.MustCompile(`(failed to lookup address information).*`)
	volatileMonth  = regexp.MustCompile(`^20\d{4}([re])\b`)
	longRSA        = regexp.MustCompile(`\(\n(    "[^"]*"\n?)+\)`)
)
