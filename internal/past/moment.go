// Package past answers as of an earlier moment (DEC-1, LED-1): it keeps copies of the
// ledger as it stood, for the moments that people look at, and computes them when they
// are first asked for.
//
// There are two clocks. On the one, a moment of the past is what was recorded by then. On
// the other, it is what had happened by then as it is known today: what was recorded
// later counts, too, if it says that it had happened (DESIGN: two clocks). Who may see
// what is decided by the permissions of now; what was disposed of since stays so.
package past

import (
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/fault"
)

// A Clock says by which time records are counted.
type Clock string

// The two clocks.
const (
	Recorded Clock = "recorded" // by when they were recorded
	Happened Clock = "happened" // by when they say that they happened
)

// A Moment is what is asked for.
type Moment struct {
	At     time.Time // by the time; zero: by the record
	Record int64     // with this record as the newest
	Clock  Clock
}

const forms = "write a time as 2026-03-01T14:00:00Z or with its distance from UTC (2026-03-01T09:00:00-05:00), a day as 2026-03-01, or a record as #123"

// Parse reads a moment: a time as RFC 3339 has it; a day, which stands for its end in
// UTC, or for now if it has not ended; or the number of a record after "#". An empty
// clock is that of records. A moment after now is refused.
func Parse(text, clock string, now time.Time) (Moment, error) {
	m := Moment{Clock: Clock(clock)}
	switch m.Clock {
	case "":
		m.Clock = Recorded
	case Recorded, Happened:
	default:
		return m, fault.New(fault.Invalid, "there are two clocks: recorded and happened")
	}
	if n, ok := strings.CutPrefix(text, "#"); ok {
		seq, err := strconv.ParseUint(n, 10, 62)
		if err != nil {
			return m, fault.New(fault.Invalid, "that is no number of a record: %s", forms)
		}
		m.Record = int64(seq)
		return m, nil
	}
	// In an address, a plus sign that was not escaped arrives as a space.
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if day, e := time.Parse(time.DateOnly, text); e == nil {
		err = nil
		at = day.Add(24*time.Hour - time.Microsecond)
		if !day.After(now) && at.After(now) {
			at = now.UTC().Truncate(time.Second)
		}
	}
	switch {
	case err != nil:
		return m, fault.New(fault.Invalid, "that is no moment: %s", forms)
	case at.After(now):
		return m, fault.New(fault.Invalid, "that moment is yet to come: the ledger knows only the past")
	case at.Year() < 1970:
		return m, fault.New(fault.Invalid, "that moment is before any computer's: check the year")
	}
	m.At = at
	return m, nil
}

// String writes the moment so that [Parse] reads it.
func (m Moment) String() string {
	if m.At.IsZero() {
		return "#" + strconv.FormatInt(m.Record, 10)
	}
	return m.At.Format(time.RFC3339Nano)
}
