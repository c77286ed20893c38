// Starting a program: fork and exec in C, because between them only async-signal-safe calls may stand.
#pragma once

/// Starts `words` (NULL at the end, found on PATH) with `environment`; standard output and error go to `output`.
/// The child has a process group of its own, an empty signal mask, and gets SIGTERM when this process dies.
/// Its id, or -1 and errno. A program that cannot be run ends with status 127.
int tl_spawn(char *const words[], char *const environment[], int output);
