using CallCrm.Engine.Wire;

namespace CallCrm.Engine.Tests.Wire;

/// <summary>Effects byte for byte, told apart by name.</summary>
internal static class WireText
{
    [ThreadStatic]
    private static WireWriter? t_writer;

    public static IReadOnlyList<string> Of(IReadOnlyList<EngineEffect> effects)
    {
        if (effects.Count == 0)
            return [];
        var lines = new List<string>(effects.Count);
        var writer = t_writer ??= new WireWriter();
        foreach (var effect in effects)
        {
            writer.Reset();
            writer.Record(effect);
            lines.Add($"{(effect is EngineEffect.Write w ? w.Entry.GetType().Name : effect.GetType().Name)} {Convert.ToHexString(writer.Written)}");
        }

        return lines;
    }
}
