using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>The recorder's files, one after the other, and what becomes of old ones. On the writer's thread, but for what is named.</summary>
sealed partial class FlightLog(FlightOptions options, TimeProvider time, ILogger log)
{
    static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(1);
    static readonly TimeSpan ToDiskEvery = TimeSpan.FromSeconds(30);
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    readonly Guid _session = Guid.CreateVersion7(time.GetUtcNow());
    FlightFileWriter? _file;
    int _number;
    long _flushed = time.GetTimestamp();
    long? _onDisk;
    long _brokenAt;
    bool _broken;
    bool _asked;
    long _lost;
    FlightGap? _gap;
    volatile bool _wantsState;
    volatile string? _path;

    /// <summary>Inputs that are in no file. Any thread.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>A new file is due and needs the state. Any thread.</summary>
    public bool WantsState
    {
        get => _wantsState;
        set => _wantsState = value;
    }

    public string? File => _path;

    /// <summary>Any thread.</summary>
    public void CountLost(long inputs)
    {
        Interlocked.Add(ref _lost, inputs);
        RouterMetrics.FlightLost.Add(inputs);
    }

    public void Write(Moment at, object item)
    {
        if (_file is null && item is not FlightState { NewFile: true })
        {
            Lose(at, item);
            return;
        }

        try
        {
            switch (item)
            {
                case EngineInput input:
                    _file!.Input(at, input);
                    break;
                case JournalEntry entry:
                    _file!.Entry(entry);
                    break;
                case FlightState { NewFile: false } state:
                    _file!.Mark(state.Image.Written);
                    break;
                case FlightState state:
                    Begin(at, state);
                    break;
            }

            if (_file!.Length >= options.FileBytes && !_asked)
                _asked = _wantsState = true;
        }
        catch (Exception e)
        {
            // The file counts the input itself, unless it has not got it (the block before it was refused).
            var before = _lost;
            Break(e);
            if (_lost == before)
                Lose(at, item);
        }
    }

    public void FlushDue(bool now = false)
    {
        if (_broken && time.GetElapsedTime(_brokenAt) >= RetryAfter)
        {
            // Whether it works again shows when the next file is opened.
            _brokenAt = time.GetTimestamp();
            _wantsState = true;
        }

        if (_file is null || (!now && time.GetElapsedTime(_flushed) < FlushEvery))
            return;
        _flushed = time.GetTimestamp();
        var before = _file.Length;
        if (_onDisk is { } last && time.GetElapsedTime(last) < ToDiskEvery)
        {
            Try(_file.Flush);
        }
        else
        {
            _onDisk = _flushed;
            Try(_file.FlushToDisk);
        }

        RouterMetrics.FlightBytes.Add((_file?.Length ?? before) - before);
    }

    public void End()
    {
        if (_file is not null)
            Try(_file.End);
        _file?.Dispose();
        (_file, _path) = (null, null);
    }

    void Begin(Moment at, FlightState state)
    {
        var first = _file is null;
        if (_file is not null && state.Gap is null)
            _file.Mark(state.Image.Written);
        End();
        var gap = Together(_gap, state.Gap);
        var head = new FlightHead(FlightFormat.Version, EngineVersion.Text, options.Domain, _session, ++_number, at.Utc, gap);
        var path = Path.Combine(options.Folder, $"{options.Domain}-{at.Utc.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture)}-{_number:D4}{FlightFormat.Extension}");
        var stream = options.Create(path);
        try
        {
            _file = FlightFileWriter.Begin(stream, head, state.Image.Written);
        }
        catch
        {
            stream.Dispose();
            // A disk that stays full would fill the folder with beginnings.
            System.IO.File.Delete(path);
            throw;
        }

        (_path, _gap, _onDisk) = (path, null, null);
        if (_broken || gap is not null)
            LogAgain(path, gap?.Inputs ?? 0);
        else if (first)
            LogBegun(path);
        _broken = _asked = false;
        DeleteOld(at.Utc);
    }

    static FlightGap? Together(FlightGap? a, FlightGap? b) => a is null || b is null ? a ?? b : new FlightGap(a.Inputs + b.Inputs, a.Since < b.Since ? a.Since : b.Since);

    void Lose(Moment at, object item)
    {
        if (item is EngineInput)
            Lose(1, at.Utc);
    }

    void Lose(long inputs, DateTimeOffset since)
    {
        CountLost(inputs);
        _gap = Together(_gap, new FlightGap(inputs, since));
    }

    void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Break(e);
        }
    }

    void Break(Exception e)
    {
        if (!_broken)
            LogBroken(e, options.Folder);
        (_broken, _brokenAt) = (true, time.GetTimestamp());
        if (_file is { Unwritten: > 0 } file)
            Lose(file.Unwritten, file.UnwrittenSince);
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // It was broken already.
        }

        (_file, _path) = (null, null);
    }

    void DeleteOld(DateTimeOffset now)
    {
        try
        {
            // Room for the new one is kept free. Other domains may share the folder, and begin alike.
            var total = options.FileBytes;
            foreach (var file in new DirectoryInfo(options.Folder).GetFiles($"{options.Domain}-????????T*{FlightFormat.Extension}").OrderByDescending(f => f.Name, StringComparer.Ordinal))
            {
                total += file.Length;
                if (file.FullName != _path && (now.UtcDateTime - file.LastWriteTimeUtc > options.Keep || total > options.TotalBytes))
                    file.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotDeleted(e, options.Folder);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Flight recorder writes {Path}")]
    partial void LogBegun(string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "Flight recorder cannot write in {Folder}: calls go on, what happens meanwhile is missing in the log; trying again")]
    partial void LogBroken(Exception e, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Flight recorder goes on in {Path}; {Lost} inputs before it are missing")]
    partial void LogAgain(string path, long lost);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Flight recorder: old files in {Folder} could not be deleted")]
    partial void LogNotDeleted(Exception e, string folder);
}
