package stalwarttest

import (
	"slices"
	"strings"
)

// helpers that put a lab into the state a recording begins in. They stand for
// what the recording scripts did between the exchanges they kept.

func restart(mode string) func(*lab) {
	return func(l *lab) {
		l.s.SetMode(mode)
		if err := l.s.Restart(); err != nil {
			l.t.Fatal(err)
		}
		l.s.WaitForKeys()
	}
}

func all(before ...func(*lab)) func(*lab) {
	return func(l *lab) {
		for _, f := range before {
			f(l)
		}
	}
}

// write sends a set call and insists that nothing in it is refused.
func write(method string, args object) func(*lab) {
	return func(l *lab) {
		l.t.Helper()
		name, result := jmapCall(l.t, l.s, method, sub(l.ids.walk(kindOf(method), "", args, l.ids.ours)))
		for _, group := range []string{"notCreated", "notUpdated", "notDestroyed"} {
			if name == "error" || result[group] != nil {
				l.t.Fatalf("preparing with %s: %v", method, result)
			}
		}
	}
}

func update(kind, id string, patch object) func(*lab) {
	return write("x:"+kind+"/set", object{"update": object{id: patch}})
}

func aliases(domain string, names ...string) object {
	var list []object
	for _, name := range names {
		list = append(list, object{"name": name, "domainId": domain})
	}
	return indexMap(list)
}

func password(secret string) object {
	return object{"0": object{"@type": "Password", "secret": secret}}
}

// noreply is the submission account as most recordings find it.
func noreply(names ...string) func(*lab) {
	return update("Account", "b", object{
		"aliases": aliases("b", names...), "credentials": password(testPassword),
		"permissions": object{"@type": "Replace", "enabledPermissions": object{"authenticate": true, "emailSend": true}},
	})
}

// failures makes n failed logins from an address.
func failures(source, login string, n int) func(*lab) {
	return func(l *lab) {
		for range n {
			l.send(recorded{method: "GET", path: "/api/account", login: login + ":wrong", source: source}, nil)
		}
	}
}

// from says that some exchanges of a step came from another address.
func from(source string, indexes ...int) func(int) string {
	return func(index int) string {
		if slices.Contains(indexes, index) {
			return source
		}
		return ""
	}
}

func banRate(n float64) func(*lab) {
	return all(
		update("Security", "singleton", object{"authBanRate": object{"count": n, "period": 86400000.0}}),
		write("x:Action/set", object{"create": object{"a": object{"@type": "ReloadSettings"}}}),
	)
}

// knock sends n anonymous requests from an address.
func knock(source, path string, n int) func(*lab) {
	return func(l *lab) {
		for range n {
			l.send(recorded{method: "GET", path: path, source: source}, nil)
		}
	}
}

// fresh begins anew with the fixture's domain in an empty store.
func fresh(l *lab) {
	l.s.Wipe()
	restart("")(l)
	l.ids = newTranslation()
}

func deliver(l *lab) {
	client, err := smtpLogin(l.t, l.s, "noreply@example.test", testPassword)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range []func() error{
		func() error { return client.Mail("noreply@example.test") },
		func() error { return client.Rcpt("someone@remote.example") },
	} {
		if err := f(); err != nil {
			l.t.Fatal(err)
		}
	}
	w, err := client.Data()
	if err != nil {
		l.t.Fatal(err)
	}
	w.Write([]byte("Subject: x\r\n\r\nx\r\n"))
	if err := w.Close(); err != nil {
		l.t.Fatal(err)
	}
}

// environment reads the form of STALWART_RECOVERY_ADMIN from the label of an
// exchange of the recording about it: it is the configuration of that server.
func environmentOf(label string) (user, secret string) {
	_, value, _ := strings.Cut(label, "STALWART_RECOVERY_ADMIN=")
	user, secret, found := strings.Cut(value, ":")
	if !found {
		return "", ""
	}
	return user, secret
}

// makeAccount makes an account that a recording knows by the given id.
func makeAccount(id string, properties object) func(*lab) {
	return func(l *lab) {
		l.t.Helper()
		o := object{"@type": "User", "domainId": "b"}
		merge(o, properties)
		_, result := jmapCall(l.t, l.s, "x:Account/set", object{"create": object{"n": l.ids.walk("Account", "", any(o), l.ids.ours)}})
		ours := str(sub(sub(result["created"])["n"])["id"])
		if ours == "" {
			l.t.Fatalf("preparing an account: %v", result)
		}
		l.ids.learn("Account", id, ours)
	}
}

func destroyAccount(id string) func(*lab) {
	return write("x:Account/set", object{"destroy": []any{id}})
}

// makeKey makes an account with a role and an API key that a recording knows.
func makeKey(account, role, theirs string) func(*lab) {
	return func(l *lab) {
		makeAccount(account, object{
			"name": "key-" + account, "roles": object{"@type": "Custom", "roleIds": object{role: true}},
		})(l)
		_, result := jmapCall(l.t, l.s, "x:ApiKey/set", object{
			"accountId": l.ids.ours("Account", account), "create": object{"k": object{"description": "key"}},
		})
		l.ids.secrets[theirs] = str(sub(sub(result["created"])["k"])["secret"])
	}
}

// skipIDs moves the counter on, past objects that were made in between.
func skipIDs(kind, next string) func(*lab) {
	return func(l *lab) {
		n, _ := decodeID(next)
		l.s.store.mu.Lock()
		defer l.s.store.mu.Unlock()
		l.s.store.counters[kind] = n - 1
	}
}

// know pairs an object that was made before the recording.
func know(kind, theirs, property, value string) func(*lab) {
	return func(l *lab) {
		_, result := jmapCall(l.t, l.s, "x:"+kind+"/query", object{"filter": object{property: value}})
		for _, id := range result["ids"].([]any) {
			l.ids.learn(kind, theirs, str(id))
		}
	}
}

// unban empties the ban list.
func unban(l *lab) {
	l.s.store.mu.Lock()
	delete(l.s.store.tables, "BlockedIp")
	l.s.store.mu.Unlock()
	write("x:Action/set", object{"create": object{"a": object{"@type": "ReloadBlockedIps"}}})(l)
}

// at runs functions before single exchanges of a step.
func at(actions map[int]func(*lab)) func(*lab, int) {
	return func(l *lab, index int) {
		if action := actions[index]; action != nil {
			action(l)
		}
	}
}
