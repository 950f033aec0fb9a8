-- What lazy.nvim does after it fetched kra; a warning of a newer compiler is no reason to fail.
return { 'kra', build = 'make WERROR=' }
