package stalwarttest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// hookSender posts events to webhooks, one after the other, in the background.
type hookSender struct {
	queue  chan hookEvent
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	number int
}

type hookEvent struct {
	hook object
	body []byte
}

const (
	hookRetry   = 200 * time.Millisecond
	hookGoodbye = 2 * time.Second // how long a stopping server tries to deliver
)

func newHookSender() *hookSender {
	h := &hookSender{queue: make(chan hookEvent, 1024)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.done.Go(func() {
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for event := range h.queue {
			h.deliver(client, event)
		}
	})
	return h
}

func (h *hookSender) close() {
	if h == nil {
		return
	}
	timer := time.AfterFunc(hookGoodbye, h.cancel)
	defer timer.Stop()
	close(h.queue)
	h.done.Wait()
	h.cancel()
}

// deliver repeats until the receiver answers 2xx or the event is too old.
func (h *hookSender) deliver(client *http.Client, event hookEvent) {
	end := time.Now().Add(millis(event.hook["discardAfter"]))
	for !h.post(client, event) && time.Now().Before(end) {
		select {
		case <-h.ctx.Done():
			return
		case <-time.After(hookRetry):
		}
	}
}

func (h *hookSender) post(client *http.Client, event hookEvent) bool {
	request, err := http.NewRequestWithContext(h.ctx, http.MethodPost, str(event.hook["url"]), bytes.NewReader(event.body))
	if err != nil {
		return true
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range sub(event.hook["httpHeaders"]) {
		request.Header.Set(name, str(value))
	}
	if key := str(sub(event.hook["signatureKey"])["secret"]); key != "" {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(event.body)
		request.Header.Set("X-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	setHookAuth(request, sub(event.hook["httpAuth"]))
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode/100 == 2
}

func setHookAuth(request *http.Request, auth object) {
	switch str(auth["@type"]) {
	case "Bearer":
		request.Header.Set("Authorization", "Bearer "+str(sub(auth["bearerToken"])["secret"]))
	case "Basic":
		request.SetBasicAuth(str(auth["username"]), str(sub(auth["secret"])["secret"]))
	}
}

// emit sends an event to every webhook that wants it.
func (s *Server) emit(p *process, kind string, data object) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.emitLocked(p, kind, data)
}

func (s *Server) emitLocked(p *process, kind string, data object) {
	for _, hook := range p.active.webhooks {
		wanted := sub(hook["events"])[kind] == true
		if !yes(hook["enable"]) || wanted != (str(hook["eventsPolicy"]) == "include") {
			continue
		}
		p.hooks.number++
		body, err := json.Marshal(object{"events": []object{{
			"id":        fmt.Sprintf("%d%d", s.now().Unix(), p.hooks.number),
			"createdAt": stamp(s.now()), "type": kind, "data": data,
		}}})
		if err != nil {
			continue
		}
		select {
		case p.hooks.queue <- hookEvent{hook, body}:
		default: // a full queue loses events, as "lossy" does
		}
	}
}
