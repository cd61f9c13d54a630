package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// calmSpell is longer than the longest pause of a reflector: the controller-manager
// and the nodes, which run the rollouts, must get through now and then.
const calmSpell = 40 * time.Second

// weather restarts the API server at random instants, and is calm after each third.
func (b *bench) weather(ctx context.Context) {
	rng := rand.New(rand.NewPCG(b.o.seed, 7))
	b.calm.Wait()
	for n := 1; ; n++ {
		await(ctx, 6*time.Second+time.Duration(rng.Int64N(int64(9*time.Second))))
		if n%4 == 0 {
			await(ctx, calmSpell)
		}
		if ctx.Err() != nil {
			return
		}
		end := b.plane.ControlPlane.StopAPIServer
		if rng.IntN(2) == 0 {
			end = b.plane.ControlPlane.KillAPIServer
		}
		err := end()
		if err == nil {
			err = b.plane.ControlPlane.StartAPIServer(context.WithoutCancel(ctx))
		}
		if err != nil {
			fmt.Println("zerogap: restarting the API server:", err)
		}
	}
}
