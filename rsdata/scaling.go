package rsdata

import (
	"fmt"
)

// Method is a way of bringing a modality's values to a common range.
type Method string

// The scaling methods. Their statistics come from all pixels of all scenes; no label is read.
const (
	GlobalMinMax Method = "minmax"      // one minimum and maximum for all bands to [0, 1], as the paper does
	Standardise  Method = "standardise" // per band: mean 0, standard deviation 1
	BandMinMax   Method = "band-minmax" // per band: minimum and maximum to [0, 1]
	Percentile   Method = "percentile"  // per band: 1st and 99th percentile to [0, 1], clipped there
)

// ScalingConfig says how to fit a Scaling.
type ScalingConfig struct {
	Method    Method `json:"method"`
	DropWater bool   `json:"drop_water"` // drop the bands where atmospheric water absorbs (needs wavelengths)
	PCA       int    `json:"pca"`        // principal components to keep of each modality with more bands; 0 for none
	MNF       int    `json:"mnf"`        // minimum noise fractions to keep in place of principal components; 0 for none
}

// DefaultScaling returns the paper's scaling: one minimum and maximum per modality.
func DefaultScaling() ScalingConfig { return ScalingConfig{Method: GlobalMinMax} }

// Scaling turns raw values into model inputs, per modality. It is plain data: saved as JSON beside the weights, it
// gives the same inputs again, bit by bit.
type Scaling struct {
	Modalities []ModalityScaling `json:"modalities"`
}

// ModalityScaling scales one modality: input j is (raw[Bands[j]] - Offset[j]) * Gain[j], then clipped, then projected.
type ModalityScaling struct {
	Name    string    `json:"name"`
	Method  Method    `json:"method"`
	InBands int       `json:"in_bands"`        // bands of the files
	Bands   []int32   `json:"bands"`           // bands kept, increasing
	Offset  []float32 `json:"offset"`          // per band kept, in the units of what was measured
	Gain    []float32 `json:"gain"`            // per band kept, 1 / these units
	Fill    []float32 `json:"fill"`            // per band kept: the scaled band mean, used where nothing was measured
	Clip    bool      `json:"clip"`            // clip scaled values to [0, 1]
	PCA     *PCA      `json:"pca,omitempty"`   // principal components or minimum noise fractions
	Notes   []string  `json:"notes,omitempty"` // bands dropped and values filled, in plain words
}

// OutBands returns the values per pixel that a model sees.
func (m *ModalityScaling) OutBands() int {
	if m.PCA != nil {
		return len(m.PCA.Components)
	}
	return len(m.Bands)
}

// Notes returns the remarks of every modality.
func (s *Scaling) Notes() []string {
	var all []string
	for _, m := range s.Modalities {
		for _, n := range m.Notes {
			all = append(all, m.Name+": "+n)
		}
	}
	return all
}

// Fit computes a scaling from every pixel of a dataset.
//
// Values that were not measured (NaN, infinite, no-data) are left out of the statistics and later replaced by the
// band's mean. Bands that are constant, hold no measurement or are marked as bad are dropped. Errors name the modality
// that has no band left, an unknown method, or what Validate finds wrong with the rasters.
func Fit(d *Dataset, cfg ScalingConfig) (*Scaling, error) {
	if cfg.PCA < 0 {
		return nil, fmt.Errorf("scaling: %d principal components, want 0 (none) or more", cfg.PCA)
	}
	if cfg.MNF < 0 || cfg.MNF > 0 && cfg.PCA > 0 {
		return nil, fmt.Errorf("scaling: %d minimum noise fractions and %d principal components, want 0 (none) or more of one of them", cfg.MNF, cfg.PCA)
	}
	if err := d.eachScene(d.validateRasters); err != nil {
		return nil, fmt.Errorf("scaling %w", err)
	}
	s := &Scaling{}
	for m := range d.Modalities {
		ms, err := fitModality(d, m, cfg)
		if err != nil {
			return nil, fmt.Errorf("scaling dataset %q, modality %q: %w", d.Name, d.Modalities[m].Name, err)
		}
		s.Modalities = append(s.Modalities, *ms)
	}
	return s, nil
}

// Check reports whether a scaling, for instance one read back from a run, fits a dataset.
func (s *Scaling) Check(d *Dataset) error {
	if len(s.Modalities) != len(d.Modalities) {
		return fmt.Errorf("the scaling is for %d modalities, dataset %q has %d", len(s.Modalities), d.Name, len(d.Modalities))
	}
	for i := range s.Modalities {
		m := &s.Modalities[i]
		if m.InBands != d.Modalities[i].Bands {
			return fmt.Errorf("the scaling of modality %q is for %d bands, dataset %q brings %d: use the files the run was made with", m.Name, m.InBands, d.Name, d.Modalities[i].Bands)
		}
		n := len(m.Bands)
		if n == 0 || len(m.Offset) != n || len(m.Gain) != n || len(m.Fill) != n {
			return fmt.Errorf("the scaling of modality %q is damaged: %d bands, %d offsets, %d gains, %d fills", m.Name, n, len(m.Offset), len(m.Gain), len(m.Fill))
		}
		for _, b := range m.Bands {
			if b < 0 || int(b) >= m.InBands {
				return fmt.Errorf("the scaling of modality %q keeps band %d of %d", m.Name, b, m.InBands)
			}
		}
		if m.PCA != nil {
			if err := m.PCA.check(n); err != nil {
				return fmt.Errorf("the scaling of modality %q: %w", m.Name, err)
			}
		}
	}
	return nil
}

func fitModality(d *Dataset, m int, cfg ScalingConfig) (*ModalityScaling, error) {
	method := cfg.Method
	if method != GlobalMinMax && method != Standardise && method != BandMinMax && method != Percentile {
		return nil, fmt.Errorf("unknown method %q, want %s, %s, %s or %s", method, GlobalMinMax, Standardise, BandMinMax, Percentile)
	}
	ms := &ModalityScaling{Name: d.Modalities[m].Name, Method: method, InBands: d.Modalities[m].Bands, Clip: method == Percentile}
	st := measure(d, m)
	if err := ms.chooseBands(d.Modalities[m], st, cfg.DropWater); err != nil {
		return nil, err
	}
	if method == Percentile {
		st.percentiles(d, m, 0.01, 0.99)
	}
	lo, hi := st.lo[ms.Bands[0]], st.hi[ms.Bands[0]]
	for _, b := range ms.Bands {
		lo, hi = min(lo, st.lo[b]), max(hi, st.hi[b])
	}
	for _, b := range ms.Bands {
		offset, span := lo, hi-lo
		switch method {
		case Standardise:
			offset, span = st.mean[b], st.std[b]
		case BandMinMax, Percentile:
			offset, span = st.lo[b], st.hi[b]-st.lo[b]
		}
		if span == 0 { // percentiles of a band that is almost constant
			span = 1
		}
		ms.Offset = append(ms.Offset, float32(offset))
		ms.Gain = append(ms.Gain, float32(1/span))
		ms.Fill = append(ms.Fill, float32((st.mean[b]-offset)/span))
	}
	if missing := st.missingIn(ms.Bands); missing > 0 {
		ms.Notes = append(ms.Notes, fmt.Sprintf("%d of %d values in the bands kept were not measured; the band's mean stands in", missing, st.pixels*len(ms.Bands)))
	}
	if cfg.PCA > 0 && cfg.PCA < len(ms.Bands) {
		if err := ms.fitPCA(d, m, cfg.PCA); err != nil {
			return nil, err
		}
	}
	if cfg.MNF > 0 && cfg.MNF < len(ms.Bands) {
		if err := ms.fitMNF(d, m, cfg.MNF); err != nil {
			return nil, err
		}
	}
	return ms, nil
}

// leastSpan is the smallest range of a band's values whose inverse float32 holds.
const leastSpan = 1e-37

// waterBands are the wavelengths, in nanometres, where water vapour leaves hardly any light.
var waterBands = [][2]float64{{1340, 1445}, {1790, 1955}, {2450, 2600}}

// chooseBands keeps the bands that carry a signal.
func (m *ModalityScaling) chooseBands(mod Modality, st *stats, dropWater bool) error {
	var empty, constant, bad, water []int
	for b := range mod.Bands {
		switch {
		case st.count[b] == 0:
			empty = append(empty, b+1)
		case !(st.hi[b]-st.lo[b] >= leastSpan): // also what is constant but for rounding
			constant = append(constant, b+1)
		case mod.Bad != nil && mod.Bad[b]:
			bad = append(bad, b+1)
		case dropWater && mod.Wavelengths != nil && inWater(mod.Wavelengths[b]):
			water = append(water, b+1)
		default:
			m.Bands = append(m.Bands, int32(b))
		}
	}
	for _, dropped := range []struct {
		bands []int
		why   string
	}{{empty, "without a measurement"}, {constant, "that are constant"}, {bad, "that the file marks as bad"}, {water, "where water vapour absorbs"}} {
		if len(dropped.bands) > 0 {
			m.Notes = append(m.Notes, fmt.Sprintf("left out %d bands %s: %s", len(dropped.bands), dropped.why, ranges(dropped.bands)))
		}
	}
	if len(m.Bands) == 0 {
		return fmt.Errorf("none of %d bands carries a signal (%d without a measurement, %d constant, %d marked as bad, %d in water absorption): check the file and its no-data value",
			mod.Bands, len(empty), len(constant), len(bad), len(water))
	}
	if dropWater && mod.Wavelengths == nil && mod.Bands > 2 {
		m.Notes = append(m.Notes, "no wavelengths in the files, so no water-absorption band was left out")
	}
	return nil
}

func inWater(nm float64) bool {
	for _, w := range waterBands {
		if nm >= w[0] && nm <= w[1] {
			return true
		}
	}
	return false
}

// ranges writes increasing numbers shortly: "1-3, 7".
func ranges(n []int) string {
	var out string
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		if out != "" {
			out += ", "
		}
		out += fmt.Sprint(n[i])
		if j > i {
			out += fmt.Sprintf("-%d", n[j])
		}
		i = j + 1
	}
	return out
}
