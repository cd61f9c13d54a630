package stalwarttest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWebhook(t *testing.T) {
	const key = "hmac-key"
	events := make(chan string, 16)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		if r.Header.Get("X-Signature") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Error("wrong signature")
		}
		events <- string(body)
	}))
	defer receiver.Close()
	s := start(t, Options{Domain: "example.test"})
	jmapCall(t, s, "x:WebHook/set", object{"create": object{"w": object{
		"url": receiver.URL, "eventsPolicy": "include", "events": object{"server.startup": true, "smtp.mail-from-unauthorized": true},
		"signatureKey": object{"@type": "Value", "secret": key},
	}}})
	action(t, s, "ReloadSettings")
	createNoreply(t, s)
	mailCode(t, s, "ceo@example.test")
	for _, wanted := range []string{"smtp.mail-from-unauthorized", "server.startup"} {
		select {
		case body := <-events:
			if !strings.Contains(body, wanted) {
				t.Errorf("got %s instead of %s", body, wanted)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no %s", wanted)
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}
