---@meta
-- Types that several modules share. Nothing loads this file.

---@class (exact) kra.Config every option, checked
---@field autosave kra.Config.Autosave
---@field drafts kra.Config.Drafts
---@field performance kra.Config.Performance
---@field privacy {exclude: string[]}
---@field session kra.Config.Session
---@field buffers kra.Config.Buffers
---@field retry kra.Config.Retry
---@field notify kra.Config.Notify
---@field live kra.Config.Live

---@class (exact) kra.Config.Autosave
---@field active boolean
---@field editor_debounce_ms integer
---@field write_files boolean
---@field write_filetypes string[]
---@field write_paths string[]
---@field write_if fun(buf: integer): boolean

---@class (exact) kra.Config.Drafts
---@field active boolean
---@field debounce_ms integer
---@field max_wait_ms integer
---@field undo boolean
---@field max_buffer_bytes integer

---@class (exact) kra.Config.Performance
---@field monitor boolean
---@field target_ms integer
---@field adapt boolean

---@class (exact) kra.Config.Session
---@field per_directory boolean
---@field per_branch boolean
---@field auto_restore boolean
---@field run_terminals boolean
---@field heartbeat_ms integer
---@field allow string[]
---@field suppress string[]

---@class (exact) kra.Config.Buffers
---@field exclude_filetypes string[]

---@class (exact) kra.Config.Retry
---@field first_ms integer
---@field max_ms integer

---@class (exact) kra.Config.Live
---@field active boolean
---@field follow 'off'|'window'|'current'
---@field follow_dwell_ms integer
---@field highlight_ms integer
---@field sidecars string[]

---@class (exact) kra.Config.Notify
---@field level 'debug'|'info'|'warn'|'error'|'off'

---@class (exact) kra.SetupOpts.Session
---@field per_directory? boolean
---@field per_branch? boolean
---@field auto_restore? boolean
---@field run_terminals? boolean
---@field heartbeat_ms? integer
---@field allow? string[]
---@field suppress? string[]

---@class (exact) kra.SetupOpts.Autosave
---@field active? boolean
---@field editor_debounce_ms? integer
---@field write_files? boolean
---@field write_filetypes? string[]
---@field write_paths? string[]
---@field write_if? fun(buf: integer): boolean

---@class (exact) kra.SetupOpts every one may be left out
---@field autosave? kra.SetupOpts.Autosave
---@field drafts? {active?: boolean, debounce_ms?: integer, max_wait_ms?: integer, undo?: boolean, max_buffer_bytes?: integer}
---@field performance? {monitor?: boolean, target_ms?: integer, adapt?: boolean}
---@field privacy? {exclude?: string[]}
---@field session? kra.SetupOpts.Session
---@field buffers? {exclude_filetypes?: string[]}
---@field retry? {first_ms?: integer, max_ms?: integer}
---@field live? {active?: boolean, follow?: string, follow_dwell_ms?: integer, highlight_ms?: integer, sidecars?: string[]}
---@field notify? {level?: 'debug'|'info'|'warn'|'error'|'off'}

--- A session as data (doc/format.md of the editor's state). Only texts, numbers, flags, lists and maps; nothing that is run.
---@class kra.State
---@field version integer
---@field size {[1]: integer, [2]: integer} columns, lines
---@field cwd string
---@field tab integer the current one, from 1
---@field tabs kra.State.Tab[]
---@field buffers kra.State.Buffer[]
---@field args? string[] the global argument list
---@field arg? integer
---@field quickfix? kra.State.List
---@field extensions? table<string, any>

---@class kra.State.Tab
---@field layout integer[] the window tree in pre-order: 0 a window, n a row of n, -n a column of n
---@field windows kra.State.Window[] in the order of the layout
---@field win integer the active one, from 1
---@field cwd? string

---@class kra.State.Window
---@field buffer? integer index into buffers
---@field extension? string name of the extension that owns the window
---@field data? any what that extension gave
---@field width integer
---@field height integer
---@field cursor {[1]: integer, [2]: integer} line from 1, byte column from 0
---@field top integer
---@field left? integer
---@field alternate? integer index into buffers
---@field cwd? string
---@field folds? {ranges: integer[][], states: integer[][]}
---@field options? table<string, any>
---@field diff? boolean
---@field args? string[]
---@field list? kra.State.List

---@class kra.State.Buffer
---@field path? string nil: an unnamed buffer
---@field hidden? boolean not listed
---@field terminal? {cwd: string, argv: string[]}
---@field options? table<string, any>
---@field draft? string of one without a path: the id of its unsaved text

---@class kra.State.List
---@field title string
---@field index integer
---@field items any[][]
---@field context? any

---@class kra.Figures
---@field count integer
---@field failed integer
---@field bytes integer
---@field average_ms number
---@field p50_ms number
---@field p95_ms number
---@field p99_ms number
---@field max_ms number

---@class kra.Problem
---@field code string
---@field text string
---@field cure? string

---@class kra.Extension
---@field name string
---@field on_save? fun(): any
---@field on_restore? fun(data: any)
---@field on_save_win? fun(win: integer, buf: integer): any
---@field on_restore_win? fun(win: integer, data: any)
