package simulator

import (
	"encoding/json"
	"time"
)

// clock is the account's time. It runs speed times as fast as real time from
// an anchor that is kept with the state, so that time goes on between processes
// and never backwards when the speed changes.
type clock struct {
	Real, Sim time.Time
	Speed     float64
}

const clockKey = "|clock"

func newClock(s *store, speed float64) (clock, error) {
	if s.path == "" && speed == 1 {
		return clock{Speed: 1}, nil
	}
	real := time.Now()
	c := clock{Real: real, Sim: real, Speed: speed}
	if err := s.begin(); err != nil {
		return c, err
	}
	t := s.table("clock")
	if r := t.byKey[clockKey]; r != nil {
		var old clock
		if err := json.Unmarshal(r.data, &old); err == nil {
			c.Sim = old.at(real)
		}
	}
	data, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	t.byKey[clockKey] = &row{version: version{data: data}}
	s.dirty[[2]string{"clock", clockKey}] = struct{}{}
	return c, s.commit(real)
}

func (c clock) now() time.Time { return c.at(time.Now()) }

func (c clock) at(real time.Time) time.Time {
	if c.Speed == 1 && c.Real.IsZero() {
		return real
	}
	return c.Sim.Add(time.Duration(float64(real.Sub(c.Real)) * c.Speed))
}
