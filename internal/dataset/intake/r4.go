package intake

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:generate go run gen/main.go ../../../deid/fhir/r4.gz r4.gz

// r4gz holds the types of FHIR R4 and their members.
//
//go:embed r4.gz
var r4gz []byte

// A structure is a type of FHIR R4.
type structure struct {
	name      string
	resource  bool
	primitive bool
	members   map[string]*structure // nil value: any resource
}

// r4 returns the types by name, read once.
var r4 = sync.OnceValue(func() map[string]*structure {
	z, err := gzip.NewReader(bytes.NewReader(r4gz))
	if err != nil {
		panic("intake: embedded definitions: " + err.Error())
	}
	data, err := io.ReadAll(z)
	if err != nil {
		panic("intake: embedded definitions: " + err.Error())
	}
	types := map[string]*structure{}
	for line := range strings.Lines(string(data)) {
		if part := strings.Split(strings.TrimSpace(line), "\t"); part[0] == "type" {
			types[part[1]] = &structure{name: part[1], resource: part[2] == "resource", primitive: part[2] == "primitive", members: map[string]*structure{}}
		}
	}
	var current *structure
	for line := range strings.Lines(string(data)) {
		switch part := strings.Split(strings.TrimSpace(line), "\t"); part[0] {
		case "type":
			current = types[part[1]]
		case "field":
			current.members[part[1]] = types[part[2]]
		}
	}
	return types
})
