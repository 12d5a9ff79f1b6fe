package browsertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// Browser is a session of a headless chromium.
type Browser struct {
	driver  *exec.Cmd
	session string // address of the session
	profile string
	client  http.Client
}

// chromiumFlags are what a test needs as root, without a screen and without calls
// to anybody.
func chromiumFlags(profile string) []string {
	return []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + profile}
}

// ErrNoBrowser says what to install.
var ErrNoBrowser = errors.New("chromium and chromedriver are not here: apt-get install chromium chromium-driver")

// Open starts a driver and a browser.
func Open(ctx context.Context) (*Browser, error) {
	for _, name := range []string{"chromium", "chromedriver"} {
		if _, err := exec.LookPath(name); err != nil {
			return nil, ErrNoBrowser
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	b := &Browser{client: http.Client{Timeout: 2 * time.Minute}}
	if b.profile, err = os.MkdirTemp("", "explorer-browser"); err != nil {
		return nil, err
	}
	b.driver = exec.CommandContext(ctx, "chromedriver", fmt.Sprintf("--port=%d", port))
	if err := b.driver.Start(); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := b.begin(address); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Browser) begin(address string) error {
	capabilities := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:chromeOptions": map[string]any{"args": chromiumFlags(b.profile)},
		"goog:loggingPrefs":  map[string]string{"browser": "ALL"},
	}}}
	var made struct{ SessionID string }
	var err error
	for range 100 { // until the driver listens
		if err = b.call(http.MethodPost, address+"/session", capabilities, &made); err == nil {
			b.session = address + "/session/" + made.SessionID
			return nil
		}
		var refused *net.OpError
		if !errors.As(err, &refused) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// Close ends the browser and the driver.
func (b *Browser) Close() {
	if b.session != "" {
		b.call(http.MethodDelete, b.session, nil, nil)
	}
	b.driver.Process.Kill()
	b.driver.Wait()
	os.RemoveAll(b.profile)
}

// call makes one request of the WebDriver protocol.
func (b *Browser) call(method, address string, body, result any) error {
	var in io.Reader
	if method == http.MethodPost {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, address, in)
	if err != nil {
		return err
	}
	reply, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		var failed struct{ Error, Message string }
		json.Unmarshal(answer.Value, &failed)
		return fmt.Errorf("%s: %s: %s", address[len("http://127.0.0.1:"):], failed.Error, failed.Message)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}

func (b *Browser) post(path string, body, result any) error {
	return b.call(http.MethodPost, b.session+path, body, result)
}

// Go opens an address.
func (b *Browser) Go(address string) error {
	return b.post("/url", map[string]string{"url": address}, nil)
}

// Eval runs the body of a function in the page and stores what it returns.
func (b *Browser) Eval(script string, result any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	return b.post("/execute/sync", map[string]any{"script": script, "args": args}, result)
}

// Size sets the size of the page in CSS pixels and its colours, as a device would.
func (b *Browser) Size(width, height int, phone, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	if err := b.cdp("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]string{"name": "prefers-color-scheme", "value": scheme}}}); err != nil {
		return err
	}
	return b.cdp("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone})
}

func (b *Browser) cdp(command string, params any) error {
	return b.post("/goog/cdp/execute", map[string]any{"cmd": command, "params": params}, nil)
}

// element finds an element by a CSS selector.
func (b *Browser) element(selector string) (string, error) {
	var found map[string]string
	if err := b.post("/element", map[string]string{"using": "css selector", "value": selector}, &found); err != nil {
		return "", err
	}
	for _, id := range found {
		return "/element/" + id, nil
	}
	return "", fmt.Errorf("no element %s", selector)
}

// Click clicks an element in its middle, as a mouse does.
func (b *Browser) Click(selector string) error {
	e, err := b.element(selector)
	if err != nil {
		return err
	}
	return b.post(e+"/click", map[string]any{}, nil)
}

// Type sends keys to an element.
func (b *Browser) Type(selector, keys string) error {
	e, err := b.element(selector)
	if err != nil {
		return err
	}
	return b.post(e+"/value", map[string]string{"text": keys}, nil)
}

// Press presses a key wherever the focus is.
func (b *Browser) Press(key string) error {
	press := []any{map[string]string{"type": "keyDown", "value": key}, map[string]string{"type": "keyUp", "value": key}}
	return b.post("/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": press}}}, nil)
}

// Keys as the protocol writes them.
const (
	KeyTab   = "\ue004"
	KeyRight = "\ue014"
	KeyDown  = "\ue015"
	KeyEnd   = "\ue010"
)

// Screenshot writes what is seen to a PNG file; with whole, all of the page.
func (b *Browser) Screenshot(path string, whole bool) error {
	var shot struct{ Data string }
	err := b.post("/goog/cdp/execute", map[string]any{"cmd": "Page.captureScreenshot", "params": map[string]any{"captureBeyondViewport": whole}}, &shot)
	if err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// Log returns what the page has written to its console since the last call.
func (b *Browser) Log() ([]string, error) {
	var entries []struct{ Level, Message string }
	if err := b.post("/se/log", map[string]string{"type": "browser"}, &entries); err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.Level != "DEBUG" && e.Level != "INFO" {
			out = append(out, e.Level+": "+e.Message)
		}
	}
	return out, nil
}
