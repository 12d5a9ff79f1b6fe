package testenv

import "time"

// Patience is how long a test waits for what must come: so long that it comes on any
// machine, however busy.
const Patience = 5 * time.Minute
