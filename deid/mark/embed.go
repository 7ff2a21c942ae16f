package mark

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/deid/code"
	"chaperone.example/deid/rows"
)

// A Record says how a recipient's copy was marked. It holds no value of the data. The
// owner keeps it: with the key, it is all that is needed to trace a leak.
type Record struct {
	Recipient string         `json:"recipient"`
	Plan      Plan           `json:"plan"`
	Identity  []string       `json:"identity"` // the columns by which rows are known again
	Rows      uint64         `json:"rows"`     // canaries left out
	Places    map[string]int `json:"places"`   // by column: cells that carry a bit
	Changed   map[string]int `json:"changed"`  // by column: cells that are not as they were
	Bits      int            `json:"bits"`     // of the code, that stand somewhere
	Canaries  []string       `json:"canaries"` // keyed hashes of the records that were added
}

// A Survey is what a first reading of the data tells, from which canary records are
// made: for each column a few hundred of its values.
type Survey struct {
	rows   uint64
	pools  [][]string
	filter []uint64 // of the rows there are, 2^27 bits
	header []string
}

const (
	poolSize   = 256
	filterBits = 27
)

// NewSurvey reads data that is to be marked with canaries. It takes 16 MiB.
func NewSurvey(ctx context.Context, key Key, plan Plan, r io.Reader) (*Survey, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	in, err := rows.NewReader(r, 0)
	if err != nil {
		return nil, err
	}
	l, err := plan.lay(in.Header)
	if err != nil {
		return nil, err
	}
	s := &Survey{header: in.Header, pools: make([][]string, len(in.Header)), filter: make([]uint64, 1<<(filterBits-6))}
	for {
		row, err := in.Read()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if s.rows%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		h := key.row(plan.Data, l, row)
		bit := binary.BigEndian.Uint32(h[:]) >> (32 - filterBits)
		s.filter[bit/64] |= 1 << (bit % 64)
		// A reservoir (Vitter's algorithm R) whose draws come from the row's own hash.
		at := s.rows
		if at >= poolSize {
			at = binary.BigEndian.Uint64(h[8:]) % (s.rows + 1)
		}
		for i, v := range row {
			if at < poolSize {
				if len(s.pools[i]) < poolSize {
					s.pools[i] = append(s.pools[i], strings.Clone(v))
				} else {
					s.pools[i][at] = strings.Clone(v)
				}
			}
		}
		s.rows++
	}
}

// row is what marks are keyed by: a pseudorandom value of the cells by which a row is
// known again. Case and surrounding space do not count.
func (k Key) row(data string, l layout, row []string) [32]byte {
	parts := make([]string, 0, 2+len(l.identity))
	parts = append(parts, "row", data)
	for _, i := range l.identity {
		parts = append(parts, strings.ToLower(strings.TrimSpace(row[i])))
	}
	return k.derive(parts...)
}

// A Job is the marking of one recipient's copy.
type Job struct {
	Key       Key
	Plan      Plan
	Recipient string
	Survey    *Survey // needed for canaries
	Progress  func(rows uint64)
}

// Embed reads a table and writes it with the marks of a recipient. Cells that are not
// free choices of the plan, and pseudonyms, are written as they stand. After an error
// what was written must not be used.
func Embed(ctx context.Context, job Job, r io.Reader, w io.Writer) (Record, error) {
	if err := job.Plan.Check(); err != nil {
		return Record{}, err
	}
	if strings.TrimSpace(job.Recipient) == "" {
		return Record{}, errors.New("mark: name the recipient")
	}
	in, err := rows.NewReader(r, 0)
	if err != nil {
		return Record{}, err
	}
	l, err := job.Plan.lay(in.Header)
	if err != nil {
		return Record{}, err
	}
	c, err := NewCode(job.Key, job.Plan.Data, job.Plan.bits())
	if err != nil {
		return Record{}, err
	}
	e := &embedder{job: job, layout: l, word: c.Word(job.Recipient), space: NewSpace(job.Key, job.Recipient, nil), shown: make([]bool, c.Bits()),
		out: rows.NewWriter(w, in.Separator), blank: make([]int, len(job.Plan.Carriers)),
		record: Record{Recipient: job.Recipient, Plan: job.Plan, Identity: l.names, Places: map[string]int{}, Changed: map[string]int{}, Canaries: []string{}}}
	canaries, err := e.canaries(in.Header)
	if err != nil {
		return Record{}, err
	}
	if err := e.out.Write(in.Header); err != nil {
		return Record{}, err
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Record{}, err
		}
		if e.record.Rows%1024 == 0 {
			if ctx.Err() != nil {
				return Record{}, ctx.Err()
			}
			if job.Progress != nil {
				job.Progress(e.record.Rows)
			}
		}
		for _, canary := range canaries[e.record.Rows] {
			if err := e.row(canary, false); err != nil {
				return Record{}, err
			}
		}
		e.record.Rows++
		if err := e.row(row, true); err != nil {
			return Record{}, err
		}
	}
	if err := e.out.Flush(); err != nil {
		return Record{}, err
	}
	for i, carrier := range job.Plan.Carriers {
		if n := e.record.Places[carrier.Column]; carrier.Kind == Withhold && 4*e.blank[i] > n && n > 0 {
			return Record{}, fmt.Errorf("mark: column %q: in more than a quarter of its cells the value is withheld already; choose another column", carrier.Column)
		}
	}
	for _, shown := range e.shown {
		if shown {
			e.record.Bits++
		}
	}
	return e.record, nil
}

type embedder struct {
	job    Job
	layout layout
	word   []byte
	space  *Space
	shown  []bool
	blank  []int // by carrier: cells that stood withheld
	out    *rows.Writer
	record Record
}

// row marks and writes a row; count is false for a canary.
func (e *embedder) row(row []string, count bool) error {
	h := e.job.Key.row(e.job.Plan.Data, e.layout, row)
	for i, carrier := range e.job.Plan.Carriers {
		at := e.layout.carriers[i]
		p := e.job.Key.place(h, carrier.Column, len(e.shown))
		before := row[at]
		carries := carrier.set(&row[at], p, bit(e.word, p.bit) == 1, &e.blank[i])
		e.shown[p.bit] = e.shown[p.bit] || carries
		if count && carries {
			e.record.Places[carrier.Column]++
		}
		if count && row[at] != before {
			e.record.Changed[carrier.Column]++
		}
	}
	if count { // a canary's are made by the space
		for _, at := range e.layout.pseudonyms {
			if v := strings.TrimSpace(row[at]); v != "" {
				row[at] = e.space.Recode(pseudonym(v)).String()
			}
		}
	}
	return e.out.Write(row)
}

// pseudonym is a cell as a code: itself if it is one, else a hash, which the key of
// the space makes secret.
func pseudonym(v string) code.Code {
	if len(v) == code.Size {
		if c, ok := parse([]byte(v)); ok {
			return c
		}
	}
	sum := Key{}.derive("pseudonym", v)
	c := code.Code(sum[:16])
	c[6], c[8] = c[6]&0x0f|0x80, c[8]&0x3f|0x80
	return c
}

// A place is what the key says of one cell.
type place struct {
	bit    int
	flip   bool    // an odd multiple stands for 0
	chance float64 // the cell is a place if this is below the carrier's share
}

func (k Key) place(row [32]byte, column string, bits int) place {
	h := k.derive("place", column, string(row[:]))
	return place{
		bit:    int(binary.BigEndian.Uint64(h[:]) % uint64(bits)),
		flip:   h[8]&1 == 1,
		chance: float64(binary.BigEndian.Uint32(h[12:])) / (1 << 32),
	}
}

// set writes a bit into a cell and reports whether the cell carries it.
func (c Carrier) set(cell *string, p place, bit bool, blank *int) bool {
	v := strings.TrimSpace(*cell)
	switch c.Kind {
	case Withhold:
		if p.chance >= c.Share {
			return false
		}
		if v == c.As {
			*blank++
		}
		if bit {
			*cell = c.As
		}
		return true
	case Round:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.Abs(f) > 1e12 {
			return false
		}
		low := math.Floor(f/c.Unit + 1e-9)
		exact := math.Abs(f/c.Unit-low) < 1e-9
		if !exact && (math.Mod(low, 2) != 0) != (bit != p.flip) {
			low++
		}
		*cell = c.format(low)
		return !exact
	}
	return false
}

// format writes a multiple of the unit.
func (c Carrier) format(n float64) string {
	decimals := 0
	for u := c.Unit; decimals < 2 && math.Abs(u-math.Round(u)) > 1e-9; decimals++ {
		u *= 10
	}
	if n == 0 {
		n = 0 // not -0
	}
	return strconv.FormatFloat(n*c.Unit, 'f', decimals, 64)
}

// get reads a cell of a leak.
func (c Carrier) get(cell string, p place) (bit, ok bool) {
	v := strings.TrimSpace(cell)
	switch c.Kind {
	case Withhold:
		return v == c.As, p.chance < c.Share
	case Round:
		f, err := strconv.ParseFloat(v, 64)
		n := math.Round(f / c.Unit)
		if err != nil || math.Abs(f) > 1e12 || math.Abs(f-n*c.Unit) > 1e-6*c.Unit {
			return false, false
		}
		return (math.Mod(n, 2) != 0) != p.flip, true
	}
	return false, false
}

// canaries makes the recipient's synthetic records: by the row before which they are
// written.
func (e *embedder) canaries(header []string) (map[uint64][][]string, error) {
	n := e.job.Plan.Canaries
	if n == 0 {
		return nil, nil
	}
	s := e.job.Survey
	switch {
	case s == nil || !slices.Equal(s.header, header):
		return nil, errors.New("mark: canary records need a survey of the same data")
	case uint64(n)*1000 > s.rows:
		return nil, fmt.Errorf("mark: %d canary records are more than a thousandth of %d rows; plan fewer, or none", n, s.rows)
	}
	out := map[uint64][][]string{}
	for i := range n {
		canary, at, err := e.canary(i)
		if err != nil {
			return nil, err
		}
		out[at] = append(out[at], canary)
	}
	return out, nil
}

// canary makes one record. Every cell is drawn by itself from the values of its column,
// so that the record is nobody's; a combination that a row of the data has is drawn
// again.
func (e *embedder) canary(n int) (row []string, at uint64, err error) {
	s := e.job.Survey
	for try := range 64 {
		draw := e.job.Key.stream(2*len(s.pools)+4, "canary", e.job.Plan.Data, e.job.Recipient, strconv.Itoa(n), strconv.Itoa(try))
		row = row[:0]
		for i, pool := range s.pools {
			u := uint32(draw[2*i])<<16 | uint32(draw[2*i+1])
			row = append(row, pool[uint64(u)*uint64(len(pool))>>32])
		}
		h := e.job.Key.row(e.job.Plan.Data, e.layout, row)
		bit := binary.BigEndian.Uint32(h[:]) >> (32 - filterBits)
		if s.filter[bit/64]>>(bit%64)&1 == 1 {
			continue
		}
		for _, i := range e.layout.pseudonyms {
			seed := e.job.Key.derive("canary code", e.job.Plan.Data, e.job.Recipient, strconv.Itoa(n), strconv.Itoa(i))
			c := code.Code(seed[:16])
			like := pseudonym(strings.TrimSpace(row[i])) // the kind of code that the column has
			c[6] = c[6]&0x0f | like[6]&0xf0
			row[i] = e.space.Recode(c).String()
		}
		e.record.Canaries = append(e.record.Canaries, hex.EncodeToString(h[:16]))
		tail := draw[2*len(s.pools):]
		u := uint64(tail[0])<<48 | uint64(tail[1])<<32 | uint64(tail[2])<<16 | uint64(tail[3])
		return row, u % s.rows, nil
	}
	return nil, 0, errors.New("mark: the columns have too few combinations for a canary record of its own; plan none")
}
