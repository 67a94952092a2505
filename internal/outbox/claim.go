package outbox

// Claim says how entries are claimed.
type Claim struct {
	// Token is what they are held under. Without one nothing is claimed.
	Token string
	// Limit is how many there are at most.
	Limit int
	// Stretch is how many of one lane there are at most, the first of it and those right behind; below 1 it is 1.
	Stretch int
	// Skip are OCMWs of which nothing is claimed.
	Skip []string
}
