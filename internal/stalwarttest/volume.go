package stalwarttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// volume is what of a 0.16 store lies on disk, so that another process can go on with it.
// Mail that is still in the queue is not part of it.
type volume struct {
	Tables      map[string]map[string]object
	Counters    map[string]uint64
	LastStamp   uint64
	Failures    map[string]int
	PushKey     string
	Initialised bool
	Seeded      map[string]bool
}

// load reads the volume of the options, if there is one: an absent file is an empty volume.
func (st *store) load(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	v := volume{}
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		return fmt.Errorf("stalwarttest: reading the volume: %w", err)
	}
	st.erase()
	st.tables, st.counters, st.failures, st.seeded = v.Tables, v.Counters, v.Failures, v.Seeded
	st.lastStamp, st.pushKey, st.initialised = v.LastStamp, v.PushKey, v.Initialised
	st.saved = text
	return nil
}

// save writes the volume where it has changed: an answer is given only when what it
// promises lies on disk. The caller holds mu.
func (st *store) save(path string) error {
	text, err := json.Marshal(volume{st.tables, st.counters, st.lastStamp, st.failures, st.pushKey, st.initialised, st.seeded})
	if err != nil || bytes.Equal(text, st.saved) {
		return err
	}
	const suffix = ".new"
	if err := os.WriteFile(path+suffix, text, 0o600); err != nil {
		return fmt.Errorf("stalwarttest: writing the volume: %w", err)
	}
	if err := os.Rename(path+suffix, path); err != nil {
		return fmt.Errorf("stalwarttest: writing the volume: %w", err)
	}
	st.saved = text
	return nil
}

// persist is save where the options name a volume.
func (s *Server) persist() error {
	if s.opts.Volume == "" {
		return nil
	}
	return s.store.save(s.opts.Volume)
}
