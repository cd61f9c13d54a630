package seed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// rounds bounds writing and reading back.
const rounds = 3

// errNoEnd says that what was written is not there.
var errNoEnd = errors.New("what was written into the store of Stalwart is not there when it is read back")

// Apply writes the difference, and reads it back.
func Apply(ctx context.Context, s *stalwart.RecoveryServer, w Wish, log *slog.Logger) error {
	for range rounds {
		first, err := s.First(ctx)
		if err != nil {
			return fmt.Errorf("reading the store of Stalwart: %w", err)
		}
		ops := Plan(first, w)
		if len(ops) == 0 {
			return nil
		}
		for _, op := range ops {
			if err := write(ctx, s, w, op); err != nil {
				return err
			}
			log.Info("seeded", "action", string(op.Kind), "object", op.Listener.Name+op.ID)
		}
	}
	return errNoEnd
}

func write(ctx context.Context, s *stalwart.RecoveryServer, w Wish, op Op) error {
	switch op.Kind {
	case Bind:
		return s.Bind(ctx, op.Listener)
	case LogToConsole:
		return s.LogToConsole(ctx, w.LogLevel)
	case SwitchWebUI:
		return s.SwitchWebUI(ctx, op.ID, op.On)
	case ReserveWebUI:
		return s.ReserveWebUI(ctx)
	case ReleaseWebUI:
		return s.ReleaseWebUI(ctx, op.ID)
	case DisablePyzor:
		return s.DisablePyzor(ctx)
	case DisableSpamRules:
		return s.DisableSpamRules(ctx)
	}
	return fmt.Errorf("the write %s is unknown", op.Kind)
}
