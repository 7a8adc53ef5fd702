using CallCrm.Benchmarks;

// bench [NAME…]: no name runs all; a name with a trailing dot or without a dot runs its family ("ami").
return await FigureRunner.RunAsync(args is ["bench", ..] ? args[1..] : args);
