package rest

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	swagger "github.com/swaggo/files/v2"

	"bookvault/platform/problem"
)

// openAPI is huma's configuration: one format, no hooks ($schema in answers would reflect the Host header), the document at
// /openapi.json, and our own page for it.
func openAPI(version string) huma.Config {
	cfg := huma.DefaultConfig("BookVault", version)
	cfg.CreateHooks = nil
	cfg.DocsPath = ""
	cfg.SchemasPath = ""
	cfg.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	cfg.DefaultFormat = "application/json"
	cfg.Info.Description = "A library's catalogue, borrowing desk and members. Lists are {items, next_cursor}; problems are RFC 9457 with a stable code."
	cfg.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "bv_session", Description: "The browser's session; POST /api/members/v1/sessions makes one."},
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token; `bookvault token --role desk` prints one."},
	}
	return cfg
}

// docsPage replaces the example document that Swagger UI comes with.
const docsPage = `window.onload = () => { window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: "StandaloneLayout", validatorUrl: null }); };
`

// docsFiles are the files of Swagger UI that its page asks for; nothing else of the module is served.
var docsFiles = map[string]string{
	"index.html": "text/html; charset=utf-8", "index.css": "text/css", "swagger-ui.css": "text/css", "favicon-32x32.png": "image/png",
	"favicon-16x16.png": "image/png", "swagger-ui-bundle.js": "text/javascript", "swagger-ui-standalone-preset.js": "text/javascript",
}

// serveDocs serves the readable document at /docs/, from a Go module: no outside host is asked.
func (a *API) serveDocs() {
	a.engine.GET("/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/docs/") })
	a.engine.GET("/docs/*file", func(c *gin.Context) {
		name := strings.TrimPrefix(c.Param("file"), "/")
		if name == "" {
			name = "index.html"
		}
		c.Header("Cache-Control", "public, max-age=3600")
		if name == "swagger-initializer.js" {
			c.Data(http.StatusOK, "text/javascript", []byte(docsPage))
			return
		}
		contentType, known := docsFiles[name]
		body, err := fs.ReadFile(swagger.FS, name)
		if !known || err != nil {
			problem.Write(c.Writer, c.Request, problem.NotFound("no_such_path", "There is no such page in the documentation."))
			return
		}
		c.Data(http.StatusOK, contentType, body)
	})
}
