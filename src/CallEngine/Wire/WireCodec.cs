using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace CallCrm.Engine.Wire;

/// <summary>Writes values of one type.</summary>
internal abstract class WireCodec
{
    private static readonly ConcurrentDictionary<Type, WireCodec> s_known = new(
    [
        KeyValuePair.Create<Type, WireCodec>(typeof(bool), new BoolCodec()),
        KeyValuePair.Create<Type, WireCodec>(typeof(byte), new IntCodec<byte>(static v => v)),
        KeyValuePair.Create<Type, WireCodec>(typeof(int), new IntCodec<int>(static v => v)),
        KeyValuePair.Create<Type, WireCodec>(typeof(long), new IntCodec<long>(static v => v)),
        KeyValuePair.Create<Type, WireCodec>(typeof(TimeSpan), new IntCodec<TimeSpan>(static v => v.Ticks)),
        KeyValuePair.Create<Type, WireCodec>(typeof(decimal), new DecimalCodec()),
        KeyValuePair.Create<Type, WireCodec>(typeof(Guid), new IdCodec()),
        KeyValuePair.Create<Type, WireCodec>(typeof(DateTimeOffset), new TimeCodec()),
        KeyValuePair.Create<Type, WireCodec>(typeof(string), new TextCodec(WireRole.Plain)),
        KeyValuePair.Create<Type, WireCodec>(typeof(PbxEvent), new EventCodec()),
    ]);

    public abstract WireShape Shape { get; }

    public static WireCodec For(FieldInfo field)
    {
        try
        {
            return field.FieldType == typeof(string) ? new TextCodec(WireRoles.Of(field)) : For(field.FieldType);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{field.DeclaringType}.{WireType.NameOf(field)}: {e.Message}", e);
        }
    }

    public static WireCodec For(Type type) => s_known.TryGetValue(type, out var known) ? known : s_known.GetOrAdd(type, Make(type));

    private static WireCodec Make(Type type)
    {
        if (type.IsEnum)
            return New(typeof(EnumCodec<>), type);
        if (type.IsArray)
            return New(typeof(ListCodec<,>), type, type.GetElementType()!);
        if (type.IsGenericType && Generic(type) is { } generic)
            return generic;
        if (WireTypes.IsPlainStruct(type))
            return New(typeof(StructCodec<>), type);
        if (type == typeof(object) || (type.IsClass && type.Assembly == typeof(WireCodec).Assembly))
            return New(WireTypes.IsRecord(type) ? typeof(RecordCodec<>) : typeof(ObjectCodec<>), type);
        throw new NotSupportedException($"values of {type} cannot be kept; a codec for them belongs in {nameof(WireCodec)}");
    }

    private static WireCodec? Generic(Type type)
    {
        var of = type.GetGenericArguments();
        return type.GetGenericTypeDefinition() switch
        {
            var t when t == typeof(Nullable<>) => New(typeof(NullableCodec<>), of),
            var t when t == typeof(List<>) || t == typeof(Queue<>) => New(typeof(ListCodec<,>), type, of[0]),
            var t when t == typeof(ImmutableArray<>) => New(typeof(ArrayCodec<>), of),
            var t when t == typeof(HashSet<>) || t == typeof(SortedSet<>) || t == typeof(ImmutableHashSet<>) => New(typeof(SetCodec<,>), type, of[0]),
            var t when t == typeof(Dictionary<,>) || t == typeof(SortedDictionary<,>) => New(typeof(MapCodec<,,>), type, of[0], of[1]),
            _ => null,
        };
    }

    private static WireCodec New(Type generic, params Type[] arguments) => (WireCodec)Activator.CreateInstance(generic.MakeGenericType(arguments))!;

    private sealed class BoolCodec : WireCodec<bool>
    {
        public override WireShape Shape { get; } = new(WireKind.Bool);

        public override void Write(WireWriter writer, bool value) => writer.Byte(value ? (byte)1 : (byte)0);
    }

    private sealed class IntCodec<T>(Func<T, long> number) : WireCodec<T>
    {
        public override WireShape Shape { get; } = new(WireKind.Int);

        public override void Write(WireWriter writer, T value) => writer.Signed(number(value));
    }

    private sealed class EnumCodec<T> : WireCodec<T> where T : struct, Enum
    {
        public override WireShape Shape { get; } = new(WireKind.Int);

        public override void Write(WireWriter writer, T value) => writer.Signed(Unsafe.SizeOf<T>() == 1 ? Unsafe.As<T, byte>(ref value) : Unsafe.As<T, int>(ref value));
    }

    private sealed class DecimalCodec : WireCodec<decimal>
    {
        public override WireShape Shape { get; } = new(WireKind.Decimal);

        public override void Write(WireWriter writer, decimal value)
        {
            Span<int> bits = stackalloc int[4];
            decimal.GetBits(value, bits);
            foreach (var part in bits)
                writer.Signed(part);
        }
    }

    private sealed class IdCodec : WireCodec<Guid>
    {
        public override WireShape Shape { get; } = new(WireKind.Id);

        public override void Write(WireWriter writer, Guid value) => writer.Id(value);
    }

    private sealed class TimeCodec : WireCodec<DateTimeOffset>
    {
        public override WireShape Shape { get; } = new(WireKind.Time);

        public override void Write(WireWriter writer, DateTimeOffset value) => writer.Time(value);
    }

    private sealed class TextCodec(WireRole role) : WireCodec<string?>
    {
        public override WireShape Shape { get; } = new(WireKind.Text);

        public override void Write(WireWriter writer, string? value) => writer.Text(value, role);
    }

    private sealed class NullableCodec<T> : WireCodec<T?> where T : struct
    {
        private readonly WireCodec<T> _of = (WireCodec<T>)For(typeof(T));

        public override WireShape Shape => new(WireKind.Nullable, _of.Shape);

        public override void Write(WireWriter writer, T? value)
        {
            writer.Byte(value is null ? (byte)0 : (byte)1);
            if (value is { } known)
                _of.Write(writer, known);
        }
    }

    private sealed class StructCodec<T> : WireCodec<T> where T : struct
    {
        private StructWriter<T>? _write;
        private WireCodec[] _codecs = [];

        public override WireShape Shape => new(WireKind.Struct, Type: WireTypes.NameOf(typeof(T)));

        public override void Write(WireWriter writer, T value)
        {
            if (_write is null)
            {
                var type = WireTypes.Current.Of(typeof(T));
                _codecs = type.Codecs;
                _write = WireEmit.Writer<StructWriter<T>>(typeof(T), type.Fields);
            }

            _write(writer, ref value, _codecs);
        }
    }

    private sealed class RecordCodec<T> : WireCodec<T?> where T : class
    {
        public override WireShape Shape { get; } = new(WireKind.Record);

        public override void Write(WireWriter writer, T? value) => writer.Record(value);
    }

    private sealed class ObjectCodec<T> : WireCodec<T?> where T : class
    {
        public override WireShape Shape { get; } = new(WireKind.Object);

        public override void Write(WireWriter writer, T? value) => writer.Reference(value);
    }

    /// <summary>Name, keys and values; for the model's cut events this is most of the log.</summary>
    private sealed class EventCodec : WireCodec<PbxEvent?>
    {
        public override WireShape Shape { get; } = new(WireKind.Event);

        public override void Write(WireWriter writer, PbxEvent? e)
        {
            writer.Byte(e is null ? (byte)0 : e.PbxTime is null ? (byte)1 : (byte)2);
            if (e is null)
                return;
            if (e.PbxTime is { } time)
                writer.Time(time);
            writer.Text(e.Node);
            var fields = e.Fields as KeyValuePair<string, string>[] ?? [.. e.Fields];
            writer.EventKeys(e, fields);
            foreach (ref readonly var field in fields.AsSpan())
                writer.Value(field.Key, field.Value);
        }
    }
}

internal abstract class WireCodec<T> : WireCodec
{
    public abstract void Write(WireWriter writer, T value);
}
