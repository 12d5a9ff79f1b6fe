package rsdata

// material is what a spot of the synthetic scene is made of.
type material uint8

const (
	clearWater material = iota
	grass
	foliage
	bareSoil
	asphalt
	tile
	whitePaint
	darkPaint
	redPaint
	numMaterials
)

// knot is one point of a reflectance curve.
type knot struct{ nm, reflectance float64 }

// reflectances have the features of published spectra, and are measured nowhere: the chlorophyll dip at 670 nm, the red edge at 720 nm and
// the leaf-water dips at 970, 1200, 1450 and 1940 nm in vegetation; a soil line that rises steadily; water that
// swallows the near infrared; nearly flat asphalt; iron oxide in tiles.
var reflectances = [numMaterials][]knot{
	clearWater: {{400, .060}, {500, .075}, {560, .080}, {650, .050}, {720, .025}, {800, .012}, {1000, .006}, {2400, .003}},
	grass: {{400, .035}, {480, .045}, {550, .105}, {620, .065}, {670, .048}, {700, .140}, {740, .380}, {800, .460}, {900, .475}, {970, .440},
		{1080, .470}, {1200, .400}, {1270, .420}, {1450, .160}, {1650, .290}, {1800, .240}, {1940, .080}, {2200, .170}, {2400, .090}},
	foliage: {{400, .025}, {480, .030}, {550, .070}, {620, .040}, {670, .028}, {700, .085}, {740, .340}, {800, .440}, {900, .455}, {970, .410},
		{1080, .440}, {1200, .350}, {1270, .365}, {1450, .110}, {1650, .230}, {1800, .180}, {1940, .050}, {2200, .115}, {2400, .055}},
	bareSoil: {{400, .070}, {500, .105}, {600, .160}, {700, .205}, {800, .240}, {1000, .290}, {1300, .340}, {1450, .320}, {1650, .380},
		{1940, .310}, {2100, .370}, {2200, .345}, {2400, .330}},
	asphalt:    {{400, .075}, {600, .100}, {800, .115}, {1200, .135}, {1700, .155}, {2300, .160}, {2400, .155}},
	tile:       {{400, .055}, {500, .080}, {560, .120}, {620, .230}, {700, .280}, {860, .270}, {1000, .310}, {1500, .380}, {2000, .390}, {2200, .360}, {2400, .370}},
	whitePaint: {{400, .350}, {450, .600}, {700, .650}, {1000, .630}, {1700, .480}, {2400, .300}},
	darkPaint:  {{400, .040}, {800, .045}, {1500, .060}, {2400, .070}},
	redPaint:   {{400, .045}, {560, .050}, {600, .200}, {650, .380}, {900, .420}, {1700, .330}, {2400, .220}},
}

// reflectance interpolates a material's curve.
func (m material) reflectance(nm float64) float64 {
	k := reflectances[m]
	if nm <= k[0].nm {
		return k[0].reflectance
	}
	for i := 1; i < len(k); i++ {
		if nm <= k[i].nm {
			f := (nm - k[i-1].nm) / (k[i].nm - k[i-1].nm)
			return k[i-1].reflectance + f*(k[i].reflectance-k[i-1].reflectance)
		}
	}
	return k[len(k)-1].reflectance
}
