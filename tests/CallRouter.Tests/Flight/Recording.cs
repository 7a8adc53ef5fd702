using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>Inputs through an engine with a recorder beside it, in a folder that is deleted at the end.</summary>
sealed class Recording : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flight");

    public string Folder => _folder.FullName;

    public IReadOnlyList<string> Files => Directory.GetFiles(Folder, "*.flight").Order(StringComparer.Ordinal).ToArray();

    public List<EngineEffect> Effects { get; } = [];

    public CallCrm.Engine.CallEngine Engine { get; private set; } = new("main");

    public FlightOptions Options => new(Folder, "main") { InputsPerByte = 0 };

    /// <returns>The recorder, closed.</returns>
    public FlightRecorder Run(IEnumerable<(Moment At, EngineInput Input)> inputs, FlightOptions? options = null, bool close = true)
    {
        Engine = new CallCrm.Engine.CallEngine("main");
        var recorder = new FlightRecorder(options ?? Options, TimeProvider.System, NullLogger.Instance);
        var (last, n) = (default(Moment), 0);
        foreach (var (at, input) in inputs)
        {
            last = at;
            Handle(recorder, at, input);
            // A simulated day passes in seconds here; the writer is to keep up with it as with a real one.
            if (++n % 200 == 0)
                recorder.WaitUntilWritten();
        }

        if (close)
            recorder.Close(last, Engine);
        return recorder;
    }

    public void Handle(FlightRecorder recorder, Moment at, EngineInput input)
    {
        recorder.Take(at, input, Engine);
        foreach (var effect in Engine.Handle(at, input).Effects)
        {
            Effects.Add(effect);
            if (effect is EngineEffect.Write write)
                recorder.Take(at, write.Entry);
        }
    }

    public (int Code, string Output, string Errors) Command(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var code = args[0] == "bundle"
            ? FlightCommand.WriteBundle(args[1..], Folder, output, errors)
            : FlightCommand.Replay(args[1..], Folder, output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
