// Package deident is the commands around de-identification that need no hub: profiles,
// determinations, risk, anonymization, and copies that name their recipient.
package deident
