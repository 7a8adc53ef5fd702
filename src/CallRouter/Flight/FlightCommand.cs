using CallCrm.CallFlow;

namespace CallCrm.CallRouter.Flight;

/// <summary><c>callcrm replay</c> and <c>callcrm bundle</c>.</summary>
public static class FlightCommand
{
    const int Same = 0;
    const int Differs = 1;
    const int Usage = 64;
    const int DataError = 65;
    const int NoInput = 66;

    /// <summary>By the settings of the host, so that the recorder's own folder is the default.</summary>
    /// <returns>0 all the same, 1 something differs, and of sysexits.h 64 not understood, 65 damaged, 66 no such file or call.</returns>
    public static int Run(IReadOnlyList<string> args, IConfiguration configuration, TextWriter output, TextWriter errors)
    {
        var options = configuration.GetSection(RouterOptions.Section).Get<RouterOptions>() ?? new RouterOptions();
        var folder = FlightOptions.FolderOf(options, DataFolder.From(configuration));
        return args[0] == "bundle" ? WriteBundle([.. args.Skip(1)], folder, output, errors) : Replay([.. args.Skip(1)], folder, output, errors);
    }

    /// <param name="args"><c>[FILE|FOLDER] [--call ID]</c>.</param>
    /// <param name="folder">Where the recorder writes.</param>
    internal static int Replay(IReadOnlyList<string> args, string folder, TextWriter output, TextWriter errors) => Guarded(errors, () =>
    {
        var (path, call, _) = Read(args, output: false);
        var files = FlightFolder.Files(path ?? folder);
        if (call is not { } id)
            return ReplayAll(files, output);
        FlightTimeline.Print(FlightTimeline.Of(id, files), output);
        return Same;
    });

    /// <param name="args"><c>--call ID [-o FILE] [FILE|FOLDER]</c>.</param>
    internal static int WriteBundle(IReadOnlyList<string> args, string folder, TextWriter output, TextWriter errors) => Guarded(errors, () =>
    {
        var (path, call, to) = Read(args, output: true);
        if (call is not { } id)
            throw new UsageException("bundle needs the call's id: bundle --call ID [-o FILE]");
        to ??= $"{id}{Bundle.Extension}";
        var bytes = new MemoryStream();
        var result = Bundle.Write(id, FlightFolder.Files(path ?? folder), bytes);
        File.WriteAllBytes(to, bytes.ToArray());
        output.WriteLine($"{to}: {result.Inputs} of the {result.Of} inputs in the time of the call, {result.Entries} entries; numbers and names are made up");
        if (result.Whole)
            output.WriteLine("Fewer inputs do not tell the call again, so all of its time are in it.");
        return Same;
    });

    static int ReplayAll(IReadOnlyList<string> files, TextWriter output)
    {
        var (differing, damaged) = (0, 0);
        foreach (var path in files)
        {
            try
            {
                using var file = FlightFile.Open(path);
                differing += Replay(file, output) ? 0 : 1;
            }
            catch (FlightException e)
            {
                damaged += e.IsEmpty ? 0 : 1;
                output.WriteLine(e.Message);
            }
        }

        if (files.Count > 1)
            output.WriteLine($"{files.Count} files: {files.Count - differing - damaged} the same, {differing} differ, {damaged} damaged");
        return damaged > 0 ? DataError : differing > 0 ? Differs : Same;
    }

    static bool Replay(FlightFile file, TextWriter output)
    {
        var name = Path.GetFileName(file.Path);
        if (file.Head.Bundle is { } bundle)
        {
            var difference = Bundle.Check(file);
            output.WriteLine(difference is null ? $"{name}: call {bundle.Call} is told as it was" : $"{name}: DIFFERS, {difference}");
            return difference is null;
        }

        if (file.Head.Gap is { } gap)
            output.WriteLine($"{name}: before it {gap.Inputs} inputs are missing, from {gap.Since:yyyy-MM-dd HH:mm:ss.fff} UTC on; it begins with the state after them");
        var result = new FlightReplay(file).Run();
        var what = $"{name}: {result.Inputs} inputs" + (result.From is { } from ? $" from {from:yyyy-MM-dd HH:mm:ss} to {result.To:HH:mm:ss} UTC" : "") + $", {result.Entries} entries";
        if (result.Difference is { } first)
            output.WriteLine($"{what}: DIFFERS {first}");
        else if (result.SameEngine)
            output.WriteLine($"{what}, {result.Checked} state hashes: the same");
        else
            output.WriteLine($"{what}: the same entries (written by {file.Head.Engine}, this is {EngineVersion.Text}; states are not comparable)");
        if (result.Difference is null && file.Ending == FlightEnding.Torn)
            output.WriteLine($"{name}: cut off there ({file.EndedBy}): the router ended suddenly, or writes it still");
        return result.Difference is null;
    }

    static (string? Path, Guid? Call, string? To) Read(IReadOnlyList<string> args, bool output)
    {
        var (path, call, to) = ((string?)null, (Guid?)null, (string?)null);
        for (var i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--call" when i + 1 < args.Count:
                    call = Guid.TryParse(args[++i], out var id) ? id : throw new UsageException($"'{args[i]}' is no call's id; expected a UUID as the log and the page show it");
                    break;
                case "-o" or "--output" when output && i + 1 < args.Count:
                    to = args[++i];
                    break;
                case ['-', ..]:
                    throw new UsageException($"'{args[i]}' is not known or lacks its value");
                default:
                    path = path is null ? args[i] : throw new UsageException($"one file or folder, not also '{args[i]}'");
                    break;
            }
        }

        return (path, call, to);
    }

    static int Guarded(TextWriter errors, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (UsageException e)
        {
            errors.WriteLine(e.Message);
            return Usage;
        }
        catch (FlightException e)
        {
            errors.WriteLine(e.Message);
            return e.IsDamage ? DataError : NoInput;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(e.Message);
            return NoInput;
        }
    }

    sealed class UsageException(string message) : Exception(message);
}
