package rsdata

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// EnMAP's form, with a namespace, elements of the same name elsewhere, and bands out of order; and DESIS's.
const (
	enmapXML = `<?xml version="1.0" encoding="ISO-8859-1"?>
<level_X xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><product><bandID number="1">a map of dead pixels</bandID></product>
<specific><bandCharacterisation>
<bandID number="2"><wavelengthCenterOfBand>650.5</wavelengthCenterOfBand><FWHMOfBand>6.9</FWHMOfBand><GainOfBand>0.0001</GainOfBand></bandID>
<bandID number="1"><wavelengthCenterOfBand> 423.03 </wavelengthCenterOfBand></bandID>
<bandID number="3"><wavelengthCenterOfBand>2445.3</wavelengthCenterOfBand></bandID>
</bandCharacterisation></specific></level_X>`
	desisXML = `<hsi_doc xmlns="http://www.dlr.de"><specific><bandCharacterisation>
<band><bandNumber>1</bandNumber><wavelengthCenterOfBand>401.9</wavelengthCenterOfBand></band>
<band><bandNumber>2</bandNumber><wavelengthCenterOfBand>404.5</wavelengthCenterOfBand></band>
<band><bandNumber>3</bandNumber><wavelengthCenterOfBand>1000</wavelengthCenterOfBand></band></bandCharacterisation></specific></hsi_doc>`
)

func TestProductsOfEnMAPAndDESIS(t *testing.T) {
	for _, c := range []struct {
		spectra, metadata, text string
		want                    []float64
		note                    string
	}{
		{"ENMAP01-____L2A-DT0000001867-SPECTRAL_IMAGE.TIF", "ENMAP01-____L2A-DT0000001867-METADATA.XML", enmapXML, []float64{423.03, 650.5, 2445.3}, ""},
		{"DESIS-HSI-L2A-SPECTRAL_IMAGE.tif", "DESIS-HSI-L2A-METADATA.xml", desisXML, []float64{401.9, 404.5, 1000}, ""},
		{"DESIS-SPECTRAL_IMAGE.tif", "OTHER-METADATA.xml", desisXML, nil, ""},
		{"scene.tif", "METADATA.xml", desisXML, nil, ""},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", strings.Replace(enmapXML, `number="3"`, `number="2"`, 1), nil, `A-METADATA.XML, which should tell the wavelengths, cannot be read: band number "2", expected each of 1 to 3 once`},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", strings.Replace(enmapXML, "650.5", "red", 1), nil, `band 2: wavelengthCenterOfBand "red", expected nanometres`},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", strings.Replace(enmapXML, "650.5", "NaN", 1), nil, `band 2: wavelengthCenterOfBand "NaN"`},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", enmapXML[:len(enmapXML)/2], nil, "cannot be read: XML syntax error"},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", "", nil, "cannot be read: it is no file"}, // but a folder
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", "<level_X/>", nil, "cannot be read: no bandCharacterisation in it"},
		{"A-SPECTRAL_IMAGE.TIF", "A-METADATA.XML", "<a><bandCharacterisation/></a>", nil, "A-METADATA.XML lists 0 wavelengths for 3 bands, and they are left out"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.spectra)
		f, err := tiff.Create(path, tiff.Spec{Width: 5, Height: 6, Bands: 3, Type: numeric.Uint16})
		if err == nil {
			err = errors.Join(f.WriteRows(make([]uint16, 6*5*3)), f.Commit())
		}
		if err != nil {
			t.Fatal(err)
		}
		if metadata := filepath.Join(dir, c.metadata); c.text == "" {
			err = os.Mkdir(metadata, 0o777)
		} else {
			writeFile(t, metadata, []byte(c.text))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := loadArray(path, func(variable) bool { return true }, "a raster", false)
		if err != nil {
			t.Fatalf("%s: %v", c.spectra, err)
		}
		if !slices.Equal(got.wavelengths, c.want) {
			t.Errorf("%s beside %s: wavelengths %v, want %v (%q)", c.spectra, c.metadata, got.wavelengths, c.want, got.notes)
		}
		if notes := strings.Join(got.notes, "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s beside %s: notes %q, want %q", c.spectra, c.metadata, notes, c.note)
		}
	}
}

// PRISMA's wavelengths are those of its file; bands that have none are no measurements.
func TestProductOfPRISMA(t *testing.T) {
	d, err := Open(filepath.Join("testdata", "lines.he5"))
	if err != nil {
		t.Fatal(err)
	}
	m := d.Modalities[0]
	if want := []float64{760.5, 760.5, 760.5, 420.25}; !slices.Equal(m.Wavelengths, want) {
		t.Errorf("wavelengths %v, want %v", m.Wavelengths, want)
	}
	if want := []bool{true, true, false, false}; !slices.Equal(m.Bad, want) {
		t.Errorf("bad bands %v, want %v", m.Bad, want)
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "bands without a wavelength in its attribute List_Cw_Vnir hold no measurements and are marked as bad") {
		t.Errorf("notes %q", notes)
	}
}
