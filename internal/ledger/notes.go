package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Note is a standing remark.
type Note struct {
	OCMW  string    `json:"ocmw"`
	Key   string    `json:"key"`
	Level string    `json:"level"` // info, warn, error
	NL    string    `json:"nl"`
	EN    string    `json:"en"`
	Since time.Time `json:"since,omitzero"`
}

// NotReadKey begins the keys of notes that something of a delivery was not read: the drop folder, a file in it, or one that was refused.
const NotReadKey = "notRead."

// NotRead tells whether the note says that something of a delivery was not read.
func (n Note) NotRead() bool { return strings.HasPrefix(n.Key, NotReadKey) }

// UnreadKey begins the keys of notes that what MLP answers about a client can't be used; the pseudonym follows.
const UnreadKey = "unread."

// UnreadClient is the pseudonym of the client of whom the note says that what MLP answers can't be used; empty for any other note.
func (n Note) UnreadClient() string {
	name, about := strings.CutPrefix(n.Key, UnreadKey)
	if !about {
		return ""
	}
	return name
}

// ManyUnreadKey is the key of a note that counts such clients.
const ManyUnreadKey = "manyUnread"

// briefClients is how many clients of an OCMW are named of whom what MLP answers can't be used.
const briefClients = 10

// Brief is notes for a person to read: of each OCMW's clients of whom what MLP answers can't be used some are named, the others counted.
func Brief(notes []Note) (brief []Note) {
	all, said := map[string]int{}, map[string]int{} // by OCMW
	for _, n := range notes {
		if n.UnreadClient() != "" {
			all[n.OCMW]++
		}
	}
	for _, n := range notes {
		if n.UnreadClient() != "" {
			said[n.OCMW]++
		}
		switch more := all[n.OCMW] - briefClients; {
		case n.UnreadClient() == "" || said[n.OCMW] <= briefClients:
			brief = append(brief, n)
		case said[n.OCMW] == briefClients+1:
			brief = append(brief, Note{
				OCMW: n.OCMW, Key: ManyUnreadKey, Level: n.Level, Since: n.Since,
				NL: fmt.Sprintf("Zo ook over %d andere cliënten, %d in totaal: de werklijst noemt ze.", more, all[n.OCMW]),
				EN: fmt.Sprintf("nor can what MLP answers about %d more, %d clients in all: \"mlpsync worklist\" names each, \"mlpsync status --json\" says why", more, all[n.OCMW]),
			})
		}
	}
	return brief
}
