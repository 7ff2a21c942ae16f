// Package place knows the places that may be named in de-identified data: States and
// countries. Everything smaller goes (45 CFR 164.514(b)(2)(i)(B)).
package place

import (
	"bytes"
	"strings"
)

// states lists the codes and the names of the States, the District of Columbia and
// the territories.
const states = "|AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR|VI|GU|AS|MP|" +
	"ALABAMA|ALASKA|ARIZONA|ARKANSAS|CALIFORNIA|COLORADO|CONNECTICUT|DELAWARE|DISTRICT OF COLUMBIA|FLORIDA|GEORGIA|HAWAII|IDAHO|ILLINOIS|INDIANA|IOWA|KANSAS|KENTUCKY|LOUISIANA|MAINE|MARYLAND|" +
	"MASSACHUSETTS|MICHIGAN|MINNESOTA|MISSISSIPPI|MISSOURI|MONTANA|NEBRASKA|NEVADA|NEW HAMPSHIRE|NEW JERSEY|NEW MEXICO|NEW YORK|NORTH CAROLINA|NORTH DAKOTA|OHIO|OKLAHOMA|OREGON|PENNSYLVANIA|" +
	"RHODE ISLAND|SOUTH CAROLINA|SOUTH DAKOTA|TENNESSEE|TEXAS|UTAH|VERMONT|VIRGINIA|WASHINGTON|WEST VIRGINIA|WISCONSIN|WYOMING|PUERTO RICO|VIRGIN ISLANDS|GUAM|AMERICAN SAMOA|NORTHERN MARIANA ISLANDS|"

// countries lists the names that are accepted beside codes of two or three letters.
const countries = "|USA|UNITED STATES|UNITED STATES OF AMERICA|CANADA|MEXICO|"

// State reports whether b is the postal code or the name of a State.
func State(b []byte) bool { return listed(states, b) }

// Country reports whether b has the form of a country's code, two or three capital
// letters as in ISO 3166, or is the name of a neighbour.
func Country(b []byte) bool {
	if len(b) == 2 || len(b) == 3 {
		for _, c := range b {
			if c < 'A' || c > 'Z' {
				return false
			}
		}
		return true
	}
	return listed(countries, b)
}

func listed(list string, b []byte) bool {
	return len(b) > 0 && bytes.IndexByte(b, '|') < 0 && strings.Contains(list, "|"+string(bytes.ToUpper(b))+"|")
}
