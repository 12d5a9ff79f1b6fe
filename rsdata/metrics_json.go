package rsdata

import (
	"encoding/json"
	"math"
)

// number is a float64 that JSON writes as null where it is NaN.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

type summaryJSON struct {
	N    int    `json:"n"`
	Mean number `json:"mean"`
	Std  number `json:"std"`
}

// MarshalJSON writes NaN as null.
func (s Summary) MarshalJSON() ([]byte, error) {
	return json.Marshal(summaryJSON{s.N, number(s.Mean), number(s.Std)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Summary) UnmarshalJSON(b []byte) error {
	var j summaryJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*s = Summary{j.N, float64(j.Mean), float64(j.Std)}
	return nil
}

type classScoreJSON struct {
	Support   int64  `json:"support"`
	Predicted int64  `json:"predicted"`
	Recall    number `json:"recall"`
	Precision number `json:"precision"`
	F1        number `json:"f1"`
}

// MarshalJSON writes NaN as null.
func (s ClassScore) MarshalJSON() ([]byte, error) {
	return json.Marshal(classScoreJSON{s.Support, s.Predicted, number(s.Recall), number(s.Precision), number(s.F1)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *ClassScore) UnmarshalJSON(b []byte) error {
	var j classScoreJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*s = ClassScore{j.Support, j.Predicted, float64(j.Recall), float64(j.Precision), float64(j.F1)}
	return nil
}

type scoresJSON struct {
	Samples int64        `json:"samples"`
	OA      number       `json:"oa"`
	AA      number       `json:"aa"`
	Kappa   number       `json:"kappa"`
	Classes []ClassScore `json:"classes"`

	Binary *BinaryScores `json:"binary,omitempty"`
}

// MarshalJSON writes NaN as null.
func (s Scores) MarshalJSON() ([]byte, error) {
	return json.Marshal(scoresJSON{s.Samples, number(s.OA), number(s.AA), number(s.Kappa), s.Classes, s.Binary})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Scores) UnmarshalJSON(b []byte) error {
	var j scoresJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*s = Scores{j.Samples, float64(j.OA), float64(j.AA), float64(j.Kappa), j.Classes, j.Binary}
	return nil
}

type binaryJSON struct {
	ACC number `json:"acc"`
	AUC number `json:"auc"`
	SE  number `json:"se"`
	SP  number `json:"sp"`
}

// MarshalJSON writes NaN as null.
func (s BinaryScores) MarshalJSON() ([]byte, error) {
	return json.Marshal(binaryJSON{number(s.ACC), number(s.AUC), number(s.SE), number(s.SP)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *BinaryScores) UnmarshalJSON(b []byte) error {
	var j binaryJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*s = BinaryScores{float64(j.ACC), float64(j.AUC), float64(j.SE), float64(j.SP)}
	return nil
}
