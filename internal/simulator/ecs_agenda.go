package simulator

import (
	"strings"
	"time"
)

// agenda is what will happen by itself, in order of time: task starts and
// stops, rollouts, scheduled scaling. It is kept in rows, so that it survives
// the process, and each entry runs with the account's clock set to its own
// time, so that a jump of an hour passes through all that lies in it.
type agenda struct {
	c    *Cloud
	due  *table[time.Time] // by kind/name
	next *table[time.Time] // one row: no entry is due before
	runs map[string]func(name string)
	late map[string]bool
	open map[string]time.Time // the entries, while they run
}

// agendaSteps bounds what one call works off, against an entry that puts itself
// back without moving on.
const agendaSteps = 200_000

func newAgenda(c *Cloud) *agenda {
	return &agenda{c: c, due: newTable[time.Time](c, "ecs/agenda"), next: newTable[time.Time](c, "ecs/next"),
		runs: map[string]func(string){}, late: map[string]bool{}}
}

// on says what to do when an entry of a kind is due.
func (a *agenda) on(kind string, f func(name string)) { a.runs[kind] = f }

// onLook is on for entries that only look at what others do: however long ago
// one was due, it runs once, at the time of the call.
func (a *agenda) onLook(kind string, f func(name string)) {
	a.on(kind, f)
	a.late[kind] = true
}

// set puts an entry in, or moves it to an earlier time.
func (a *agenda) set(kind, name string, at time.Time) {
	key := kind + "/" + name
	if old, ok := a.due.get(key); ok && !at.Before(old) {
		return
	}
	a.put(key, at)
}

// move puts an entry in at a time, whenever it was due before.
func (a *agenda) move(kind, name string, at time.Time) { a.put(kind+"/"+name, at) }

func (a *agenda) put(key string, at time.Time) {
	a.due.put(key, at)
	if a.open != nil {
		a.open[key] = at
		return
	}
	if next, ok := a.next.get("next"); !ok || at.Before(next) {
		a.next.put("next", at)
	}
}

// drop takes an entry out.
func (a *agenda) drop(kind, name string) {
	key := kind + "/" + name
	if a.due.has(key) {
		a.due.delete(key)
	}
	delete(a.open, key)
}

// tick works off what is due by now.
func (a *agenda) tick(now time.Time) {
	if next, ok := a.next.get("next"); !ok || next.After(now) {
		return
	}
	a.open = map[string]time.Time{}
	for k, at := range a.due.all() {
		a.open[k] = at
	}
	for range agendaSteps {
		key, at := a.earliest(now)
		if key == "" || at.After(now) {
			break
		}
		delete(a.open, key)
		a.due.delete(key)
		a.at(at, key)
	}
	key, at := a.earliest(now)
	a.open = nil
	if key == "" {
		a.next.delete("next")
		return
	}
	a.next.put("next", at)
}

// earliest is the entry to run next, by time and then by name.
func (a *agenda) earliest(now time.Time) (key string, at time.Time) {
	for k, t := range a.open {
		if kind, _, _ := strings.Cut(k, "/"); a.late[kind] && t.Before(now) {
			t = now
		}
		if key == "" || t.Before(at) || t.Equal(at) && k < key {
			key, at = k, t
		}
	}
	return key, at
}

// at runs an entry with the account's clock standing at its time.
func (a *agenda) at(t time.Time, key string) {
	defer func(old clock) { a.c.clock = old }(a.c.clock)
	a.c.clock = clock{Real: t, Sim: t}
	kind, name, _ := strings.Cut(key, "/")
	if run := a.runs[kind]; run != nil {
		run(name)
	}
}
