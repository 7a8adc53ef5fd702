using System.Reflection;
using System.Security.Cryptography;

namespace CallCrm.Engine.Wire;

/// <summary>
/// All that an engine knows, its PBX models included, as bytes: fields by name, maps by key, things in the order in which they are
/// reached. Equal states give equal bytes; an engine read back goes on as the written one does.
/// </summary>
internal static class EngineImage
{
    public static void Write(CallEngine engine, WireWriter writer)
    {
        writer.Reset();
        writer.Reference(engine);
        writer.Finish();
    }

    public static byte[] Of(CallEngine engine)
    {
        var writer = new WireWriter();
        Write(engine, writer);
        return writer.Written.ToArray();
    }

    /// <param name="types">Of the version that wrote it; fields that it did not have are as in a new engine.</param>
    /// <exception cref="WireException">These bytes are no engine.</exception>
    public static CallEngine Read(ReadOnlyMemory<byte> image, WireFile types)
    {
        var reader = new WireReader(types);
        reader.Feed(image);
        var engine = reader.Reference(new CallEngine("")) as CallEngine ?? throw new WireException("the state is not that of an engine");
        reader.Finish();
        // What a new version is made of besides its state is in no older image.
        foreach (var part in typeof(CallEngine).GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            if (part.GetValue(engine) is null)
                throw new WireException($"the state lacks {part.Name}");
        }

        return engine;
    }

    public static byte[] Hash(CallEngine engine) => SHA256.HashData(Of(engine));
}
