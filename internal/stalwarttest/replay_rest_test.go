package stalwarttest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strconv"
	"strings"
)

// requestREST rewrites a recorded 0.15 body: keys that were removed from the
// recordings are made anew.
func (tr *translation) requestREST(body any) any { return body }

// learnREST pairs the ids of principals.
func (tr *translation) learnREST(r recorded, wanted, got any) {
	their, our := sub(wanted)["data"], sub(got)["data"]
	if r.method == "POST" && strings.HasPrefix(r.path, "/api/principal") {
		tr.learnNumber(their, our)
		return
	}
	if sub(their)["id"] != nil && tr.unknownNumber(sub(their)["id"], sub(our)["id"]) {
		tr.learnNumber(sub(their)["id"], sub(our)["id"])
	}
	a, _ := sub(their)["items"].([]any)
	b, _ := sub(our)["items"].([]any)
	for i := range min(len(a), len(b)) {
		if tr.unknownNumber(sub(a[i])["id"], sub(b[i])["id"]) {
			tr.learnNumber(sub(a[i])["id"], sub(b[i])["id"])
		}
	}
}

func number(v any) string { return strconv.FormatFloat(num(v), 'f', -1, 64) }

func (tr *translation) learnNumber(their, our any) {
	if num(their) > 0 && num(our) > 0 {
		tr.learn("Principal", number(their), number(our))
	}
}

func (tr *translation) unknownNumber(their, our any) bool {
	_, known := tr.ids[[2]string{"Principal", number(their)}]
	_, taken := tr.back[[2]string{"Principal", number(our)}]
	return !known && !taken
}

// answerREST translates the ids of an answer back.
func (tr *translation) answerREST(got any) any {
	switch v := got.(type) {
	case object:
		for name, e := range v {
			if _, isNumber := e.(float64); isNumber && (name == "id" || name == "data") {
				v[name] = tr.theirNumber(e)
				continue
			}
			v[name] = tr.answerREST(e)
		}
	case []any:
		for i, e := range v {
			v[i] = tr.answerREST(e)
		}
	}
	return got
}

func (tr *translation) theirNumber(our any) any {
	n, err := strconv.ParseFloat(tr.theirs("Principal", number(our)), 64)
	if err != nil {
		return our
	}
	return n
}

// placeholderKey makes a private key where the recording has none any more.
func placeholderKey(text, kind string) any {
	if kind == "Certificate" {
		return text
	}
	if strings.Contains(text, "RSA") {
		key, _ := newRSAKey()
		return key
	}
	return text
}

// pkcs8RSA makes an RSA key in the form that says nothing about its kind.
func pkcs8RSA() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// fillKeys replaces the remaining placeholders, whose kind is that of the
// signature around them.
func fillKeys(v any) any {
	o, ok := v.(object)
	if !ok {
		return v
	}
	for name, e := range o {
		o[name] = fillKeys(e)
	}
	secret := str(sub(o["privateKey"])["secret"])
	if !strings.HasPrefix(secret, "<PEM PRIVATE KEY") {
		return o
	}
	make := newEd25519Key
	if str(o["@type"]) == "Dkim1RsaSha256" {
		make = pkcs8RSA
	}
	if key, err := make(); err == nil {
		sub(o["privateKey"])["secret"] = key
	}
	return o
}
