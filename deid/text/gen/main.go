//go:build ignore

// Command gen compiles the word lists that package text embeds (words.gz).
//
//	go run main.go SURNAMES GIVEN CITIES WORDS words.gz
//
// The lists are plain text, one entry on a line, in small letters:
//
//   - SURNAMES and GIVEN: the names of the 1990 census of the United States (Bureau of
//     the Census, Frequently Occurring Names; 88,799 surnames, 5,163 given names; a work
//     of the United States Government);
//   - CITIES: the names of the post offices of the United States, as used in addresses;
//   - WORDS: English words written in small letters, from SCOWL size 60 (Copyright
//     2000-2011 Kevin Atkinson, permission to use, copy, modify, distribute and sell
//     granted without fee; see words.LICENSE).
//
// The table is text, gzipped: for each distinct entry, in order, a digit that says in
// which lists it is (1 surname, 2 given name, 4 city, 8 word) and the entry.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: go run main.go SURNAMES GIVEN CITIES WORDS words.gz")
	}
	lists := map[string]int{}
	for i, file := range os.Args[1:5] {
		b, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if w := strings.TrimSpace(line); w != "" {
				lists[w] |= 1 << i
			}
		}
	}
	var words []string
	for w := range lists {
		words = append(words, w)
	}
	slices.Sort(words)
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range words {
		fmt.Fprintf(z, "%x%s\n", lists[w], w)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[5], out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
