namespace CallCrm.CallRouter.Flight;

/// <summary>Where the flight recorder writes and how much; see <see cref="RouterOptions"/>.</summary>
sealed record FlightOptions(string Folder, string Domain)
{
    public long FileBytes { get; init; } = 64L << 20;

    /// <summary>Each file opens with the whole state, which the engine's thread takes: 1 % of its time if that were hourly.</summary>
    public TimeSpan FileAge { get; init; } = TimeSpan.FromHours(4);

    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(7);

    public long TotalBytes { get; init; } = 2048L << 20;

    /// <summary>Least time between two hashes of the state.</summary>
    public TimeSpan MarkEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// And so many inputs for each byte of the last state: taking a byte of it costs the engine's thread a hundredth of handling an
    /// input, so that hashes take at most some 0.5 % of its time. A file's end has one in any case.
    /// </summary>
    public double InputsPerByte { get; init; } = 2;

    /// <summary>Inputs and entries that wait for the writer, a power of two; more are dropped.</summary>
    public int Waiting { get; init; } = 1 << 16;

    /// <summary>Opens a new file; another one in tests (a full disk).</summary>
    public Func<string, Stream> Create { get; init; } = CreateFile;

    public static FlightOptions? From(RouterOptions options, string dataFolder) => options.FlightEnabled
        ? new FlightOptions(FolderOf(options, dataFolder), options.Domain)
        {
            FileBytes = (long)options.FlightFileMegabytes << 20,
            FileAge = TimeSpan.FromMinutes(options.FlightFileMinutes),
            Keep = TimeSpan.FromDays(options.FlightKeepDays),
            TotalBytes = (long)options.FlightTotalMegabytes << 20,
        }
        : null;

    public static string FolderOf(RouterOptions options, string dataFolder) =>
        options.FlightFolder is { Length: > 0 } folder ? Path.GetFullPath(folder) : Path.Combine(dataFolder, "flight");

    /// <summary>For the owner's eyes alone: it names callers and their numbers.</summary>
    static FileStream CreateFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
